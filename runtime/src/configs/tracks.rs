//! The tracks of referenda: what has to happen, and for how long, before one is carried out.
//!
//! All periods are parts of the unbonding time ([`timing`](crate::timing)), so that they are days on a
//! live network and minutes on a developer's chain:
//!
//! | | root | live | fast track | live |
//! | --- | --- | --- | --- | --- |
//! | prepare | 1/84 | 4 hours | 1/108 of the escrow delay | 40 minutes |
//! | decide | all | 14 days | 2/3 of the escrow delay | 2 days |
//! | confirm | 1/14 | 1 day | 1/18 of the escrow delay | 4 hours |
//! | enact | 1/14 | 1 day | 5 blocks | 30 seconds |
//!
//! The four periods of the fast track are together shorter than the escrow delay, on a live network by
//! 19 hours: so long has somebody to notice a wrong conviction, and still gets the whole of every
//! period. The enactment of root leaves a day to see what was decided.
//!
//! Both begin by asking for much and ask for less as time passes, with the curves of
//! Polkadot's root and referendum canceller. A majority of all tokens decides at once.

use alloc::borrow::Cow;
use frame_system::RawOrigin;
use pallet_referenda::{Curve, Track, TrackInfo, TracksInfo};
use sp_runtime::{str_array, traits::Get, FixedI64};

use crate::{origins, timing, Balance, BlockNumber, OriginCaller, Runtime, ASY};

/// Number of the track that can do everything.
pub const ROOT_TRACK: u16 = 0;
/// Number of the track that can cancel convictions, pause and resume.
pub const FAST_TRACK: u16 = 1;

/// Blocks from the end of a fast referendum until it is carried out: enough for the vote's last block
/// not to be reverted by an ordinary fork.
const FAST_ENACTMENT: BlockNumber = 5;

const fn percent(value: u128) -> FixedI64 {
	FixedI64::from_rational(value, 100)
}

/// Ayes of the votes: from all of them to a half, 80 % after a seventh of the time (live: two days).
const ROOT_APPROVAL: Curve = Curve::make_reciprocal(4, 28, percent(80), percent(50), percent(100));
/// Ayes of all tokens: from a half to none, in a straight line.
const ROOT_SUPPORT: Curve = Curve::make_linear(28, 28, percent(0), percent(50));
/// Ayes of the votes: from all of them to a half, in a straight line over 17/28 of the time.
const FAST_APPROVAL: Curve = Curve::make_linear(17, 28, percent(50), percent(100));
/// Ayes of all tokens: from a half to none, 1 % after 12/28 of the time.
const FAST_SUPPORT: Curve = Curve::make_reciprocal(12, 28, percent(1), percent(0), percent(50));

type Info = TrackInfo<Balance, BlockNumber>;

fn root() -> Info {
	let part = timing::Pallet::<Runtime>::part_of_unbonding;
	TrackInfo {
		name: str_array("root"),
		// Not one alone, which somebody could hold with a referendum that goes nowhere.
		max_deciding: 4,
		// Comes back when the referendum ends, however it ends.
		decision_deposit: 10_000 * ASY,
		prepare_period: part(1, 84),
		decision_period: part(1, 1),
		confirm_period: part(1, 14),
		min_enactment_period: part(1, 14),
		min_approval: ROOT_APPROVAL,
		min_support: ROOT_SUPPORT,
	}
}

fn fast() -> Info {
	let escrow: BlockNumber = timing::EscrowDelay::<Runtime>::get();
	TrackInfo {
		name: str_array("fast_track"),
		// Many convictions can be wrong at once, when a check has a mistake.
		max_deciding: 50,
		// As much as the least bond: whoever was convicted wrongly can find it.
		decision_deposit: 1_000 * ASY,
		prepare_period: (escrow / 108).max(1),
		decision_period: escrow / 3 * 2,
		confirm_period: (escrow / 18).max(1),
		min_enactment_period: FAST_ENACTMENT,
		min_approval: FAST_APPROVAL,
		min_support: FAST_SUPPORT,
	}
}

/// The two tracks.
pub struct Tracks;
impl TracksInfo<Balance, BlockNumber> for Tracks {
	type Id = u16;
	type RuntimeOrigin = OriginCaller;

	fn tracks() -> impl Iterator<Item = Cow<'static, Track<u16, Balance, BlockNumber>>> {
		[(ROOT_TRACK, root()), (FAST_TRACK, fast())]
			.into_iter()
			.map(|(id, info)| Cow::Owned(Track { id, info }))
	}

	fn info(id: u16) -> Option<Cow<'static, Info>> {
		match id {
			ROOT_TRACK => Some(Cow::Owned(root())),
			FAST_TRACK => Some(Cow::Owned(fast())),
			_ => None,
		}
	}

	fn track_for(origin: &OriginCaller) -> Result<u16, ()> {
		match origin {
			OriginCaller::system(RawOrigin::Root) => Ok(ROOT_TRACK),
			OriginCaller::Origins(origins::Origin::FastTrack) => Ok(FAST_TRACK),
			_ => Err(()),
		}
	}
}
