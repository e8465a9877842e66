//! The invariants of the README as code.

use crate::pallet::{Accumulator, Config, Delay, Pallet, Ring};
use frame_support::{ensure, traits::Get};
use sp_runtime::TryRuntimeError;

impl<T: Config> Pallet<T> {
	/// Checks every invariant.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		let now = frame_system::Pallet::<T>::block_number();
		ensure!(
			Self::delay_is_valid(Delay::<T>::get()),
			"delay is below 1 or above half of the ring"
		);
		let mut newest = None;
		let mut places = 0u32;
		for (place, past) in Ring::<T>::iter() {
			ensure!(place < T::RingLength::get(), "a value stands outside of the ring");
			ensure!(place == Self::place_of(past.block), "a value stands in another block's place");
			ensure!(past.block <= now, "the ring holds a value of the future");
			places = places.saturating_add(1);
			if newest.is_none_or(|(block, _)| block < past.block) {
				newest = Some((past.block, past.value));
			}
		}
		ensure!(places <= T::RingLength::get(), "the ring is longer than its bound");
		ensure!(
			newest.map(|(_, value)| value) == Accumulator::<T>::get(),
			"the newest value of the ring is not the accumulator"
		);
		Ok(())
	}
}
