//! What genesis and the integrity test refuse, and what genesis builds.

use crate::{
	pallet::{
		AllocationDelay, AllocationDelayFloor, Config, EconomicPolicy, Error, GenesisConfig, Pallet,
	},
	types::{GenesisOperator, InitialAllocations},
};
use alloc::{format, string::String, vec::Vec};
use assay_economics::{deterrence::Policy, MILLION};
use frame_support::{
	dispatch::DispatchResult,
	traits::{
		fungible::{Inspect, Mutate},
		Get,
	},
};
use sp_runtime::traits::{One, Zero};

impl<T: Config> Default for GenesisConfig<T> {
	fn default() -> Self {
		Self { operators: Vec::new(), allocation_delay: One::one(), policy: Policy::LIVE }
	}
}

impl<T: Config> Pallet<T> {
	/// Whether cheating never pays under the policies that networks begin with, and under the one
	/// that holds, where there is a state; else what to change.
	fn check_policies() -> Result<(), &'static str> {
		Policy::LIVE.validate()?;
		Policy::DEVELOPMENT.validate()?;
		EconomicPolicy::<T>::get().map_or(Ok(()), |policy| policy.validate())
	}

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
		require(!T::MinimumBond::get().is_zero(), "the minimum bond has to be above zero")?;
		require(
			T::MinimumDelegation::get() >= T::Currency::minimum_balance(),
			"a delegation has to be at least the existential deposit",
		)?;
		require(
			!T::MinimumDelegation::get().is_zero(),
			"the minimum delegation has to be above zero",
		)?;
		require(T::MaxCommission::get() <= MILLION, "a commission is at most the whole")?;
		require(!T::CommissionDelay::get().is_zero(), "a commission is raised with a delay")?;
		require(
			Self::delegation_pot() != Self::rewards_pot(),
			"delegated stake and rewards have to lie in different accounts",
		)?;
		require(T::MaxWorkers::get() > 0, "an operator has to be able to have a worker")?;
		require(T::MaxDevices::get() > 0, "a worker has to be able to have a device")?;
		require(T::MaxUnbondingChunks::get() > 0, "an operator has to be able to unbond")?;
		Self::check_policies()
	}

	/// Builds the policy, the delays, both accounts of this pallet and the first operators.
	pub(crate) fn build_genesis(config: &GenesisConfig<T>) -> Result<(), String> {
		config.policy.validate()?;
		if config.allocation_delay.is_zero() {
			return Err("a higher allocation needs a delay".into());
		}
		EconomicPolicy::<T>::put(config.policy);
		AllocationDelay::<T>::put(config.allocation_delay);
		AllocationDelayFloor::<T>::put(config.allocation_delay);
		for pot in [Self::delegation_pot(), Self::rewards_pot()] {
			Self::build_pot(&pot).map_err(|error| format!("account {pot:?}: {error:?}"))?;
		}
		for operator in &config.operators {
			Self::build_operator(operator)
				.map_err(|error| format!("operator {:?}: {error:?}", operator.0))?;
		}
		Ok(())
	}

	/// Makes sure that an account of this pallet outlives whatever is paid out of it: it has a
	/// reference of its own, and the existential deposit, which belongs to nobody.
	fn build_pot(pot: &T::AccountId) -> DispatchResult {
		frame_system::Pallet::<T>::inc_providers(pot);
		let missing =
			T::Currency::minimum_balance().saturating_sub(T::Currency::total_balance(pot));
		T::Currency::mint_into(pot, missing).map(|_| ())
	}

	/// Registers an operator of the chain specification with its workers and devices.
	fn build_operator(operator: &GenesisOperator<T>) -> DispatchResult {
		let (operator, payout, bond, allocations, workers) = operator;
		let allocations = InitialAllocations::try_from(allocations.clone())
			.map_err(|_| Error::<T>::ServiceNamedTwice)?;
		Self::do_register(operator.clone(), payout.clone(), *bond, allocations)?;
		for (key, devices) in workers {
			let worker = Self::do_add_worker(operator.clone(), key.clone())?;
			for _ in 0..*devices {
				Self::do_add_device(operator.clone(), worker, Default::default())?;
			}
		}
		Ok(())
	}
}
