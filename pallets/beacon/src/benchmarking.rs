//! Benchmarks of `pallet-beacon`.

use crate::{
	pallet::{Accumulator, Config, LastVrf, Pallet},
	types::fold,
	Beacon,
};
use frame_benchmarking::v2::*;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_core::H256;

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn advance() {
		let now = BlockNumberFor::<T>::from(1_000u32);
		let before = H256::repeat_byte(1);
		Accumulator::<T>::put(before);
		LastVrf::<T>::put([2; 32]);

		#[block]
		{
			Pallet::<T>::advance(now, Some([3; 32]));
		}

		assert_eq!(<Pallet<T> as Beacon<_>>::value_at(now), Some(fold(&before, &[3; 32])));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::new_test_ext(), crate::mock::Test);
}
