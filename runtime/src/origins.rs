//! The one origin of governance beside root.
//!
//! A referendum on the fast track is carried out with [`Origin::FastTrack`]. What it may do is little,
//! so that its periods can be short: cancel a conviction that is in escrow, pause calls and resume
//! them. The tracks are in `configs::tracks`.

pub use pallet::*;

#[frame_support::pallet]
// The macro's own expansion.
#[allow(missing_docs)]
pub mod pallet {
	use frame_support::pallet_prelude::*;

	#[pallet::pallet]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: frame_system::Config {}

	/// Who speaks when a referendum is carried out that is not root's.
	#[pallet::origin]
	#[derive(
		Clone, Debug, Decode, DecodeWithMemTracking, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo,
	)]
	pub enum Origin {
		/// A referendum of the fast track.
		FastTrack,
	}

	/// Accepts the fast track alone.
	pub struct EnsureFastTrack;
	impl<O: Into<Result<Origin, O>> + From<Origin>> EnsureOrigin<O> for EnsureFastTrack {
		type Success = ();

		fn try_origin(origin: O) -> Result<(), O> {
			origin.into().map(|Origin::FastTrack| ())
		}

		#[cfg(feature = "runtime-benchmarks")]
		fn try_successful_origin() -> Result<O, ()> {
			Ok(O::from(Origin::FastTrack))
		}
	}
}
