//! What genesis and the integrity test refuse.

use crate::pallet::{Config, Pallet};
use crate::types::{BalanceOf, DeviceIndex};
use alloc::vec::Vec;
use frame_support::{dispatch::DispatchResult, traits::Get};
use sp_runtime::{traits::Zero, Permill};

/// The largest part of the operator's own stake that a prover may get. Below one half, so that an
/// operator that convicts itself through a second account loses more than it gets.
pub(crate) const LARGEST_BOUNTY: Permill = Permill::from_percent(49);

impl<T: Config> Pallet<T> {
	/// Whether the runtime's constants fit together; else what contradicts what.
	pub(crate) fn check_constants() -> Result<(), &'static str> {
		let require = |holds: bool, reason: &'static str| if holds { Ok(()) } else { Err(reason) };
		require(
			T::UnbondingDelay::get() > T::LongestFaultWindow::get(),
			"unbonding has to take longer than any window in which a fault can be proven",
		)?;
		require(
			T::UnbondingDelay::get() > T::EscrowDelay::get(),
			"unbonding has to take longer than the escrow of a conviction",
		)?;
		require(T::BountyShare::get() <= LARGEST_BOUNTY, "a bounty is at most 49 %")?;
		require(!T::MinimumBond::get().is_zero(), "the minimum bond has to be above zero")?;
		require(T::MaxWorkers::get() > 0, "an operator has to be able to have a worker")?;
		require(T::MaxDevices::get() > 0, "a worker has to be able to have a device")?;
		require(T::MaxUnbondingChunks::get() > 0, "an operator has to be able to unbond")
	}

	/// Registers an operator of the chain specification with its workers and devices.
	pub(crate) fn build_operator(
		operator: &T::AccountId,
		payout: &T::AccountId,
		bond: BalanceOf<T>,
		workers: &Vec<(T::AccountId, DeviceIndex)>,
	) -> DispatchResult {
		Self::do_register(operator.clone(), payout.clone(), bond)?;
		for (key, devices) in workers {
			let worker = Self::do_add_worker(operator.clone(), key.clone())?;
			for _ in 0..*devices {
				Self::do_add_device(operator.clone(), worker, Default::default())?;
			}
		}
		Ok(())
	}
}
