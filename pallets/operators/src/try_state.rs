//! The invariants of the README as code.

use crate::{
	pallet::{
		Cohorts, Config, Convictions, Delegations, Devices, EconomicPolicy, HoldReason, Keys,
		NextConvictionId, NextWorkerId, Operators, Pallet, Reservations, Workers, WorkersOf,
	},
	types::{Balance, Service, WHOLE_DEVICE},
};
use alloc::collections::BTreeMap;
use assay_economics::{allocation::SERVICES, slash::LARGEST_BOUNTY};
use frame_support::{
	ensure,
	traits::{
		fungible::{Inspect, InspectHold},
		Get,
	},
};
use sp_runtime::{traits::Zero, Permill, TryRuntimeError};

/// What the maps add up to for one operator.
#[derive(Default)]
struct Sums {
	reserved: [Balance; SERVICES],
	escrowed: Balance,
	escrowed_delegated: Balance,
	deposits: Balance,
	convictions: u32,
	workers: u32,
	delegators: u32,
	entitled: u128,
	joining: BTreeMap<u32, u128>,
	leaving: u128,
	claimable: Balance,
}

impl<T: Config> Pallet<T> {
	/// Checks every invariant; also for the tests of other pallets, with or without `try-runtime`.
	///
	/// # Errors
	/// The first one that is broken, as a sentence.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut sums = BTreeMap::<T::AccountId, Sums>::new();
		Self::try_reservations(&mut sums)?;
		Self::try_convictions(&mut sums)?;
		Self::try_workers(&mut sums)?;
		Self::try_keys()?;
		Self::try_delegations(&mut sums)?;
		Self::try_operators(sums)?;
		ensure!(
			EconomicPolicy::<T>::get().is_none_or(|policy| policy.validate().is_ok()),
			"cheating could pay under the policy"
		);
		Ok(())
	}

	/// Reservations add up, and every one is counted where it binds.
	fn try_reservations(sums: &mut BTreeMap<T::AccountId, Sums>) -> Result<(), TryRuntimeError> {
		let mut of_worker = BTreeMap::new();
		let mut of_device = BTreeMap::new();
		for ((operator, service, obligation), amount) in Reservations::<T>::iter() {
			ensure!(!amount.is_zero(), "a reservation of nothing");
			if service.binds_worker() {
				let count: &mut u32 = of_worker.entry(obligation.worker).or_default();
				*count = count.saturating_add(1);
			}
			if service.binds_device() {
				let count: &mut u32 =
					of_device.entry((obligation.worker, obligation.device)).or_default();
				*count = count.saturating_add(1);
			}
			let sum = sums.entry(operator).or_default();
			if let Some(reserved) = sum.reserved.get_mut(service.index()) {
				*reserved = reserved.saturating_add(amount);
			}
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(
				record.reservations == of_worker.remove(&worker).unwrap_or_default(),
				"a worker counts its reservations wrongly"
			);
		}
		ensure!(of_worker.is_empty(), "a reservation of a worker that does not exist");
		for (worker, device, record) in Devices::<T>::iter() {
			ensure!(
				record.reservations == of_device.remove(&(worker, device)).unwrap_or_default(),
				"a device counts its reservations wrongly"
			);
		}
		ensure!(of_device.is_empty(), "a reservation of a device that does not exist");
		Ok(())
	}

	/// Convictions add up and none promises too much.
	fn try_convictions(sums: &mut BTreeMap<T::AccountId, Sums>) -> Result<(), TryRuntimeError> {
		for (id, conviction) in Convictions::<T>::iter() {
			ensure!(id < NextConvictionId::<T>::get(), "a conviction's number is not given yet");
			ensure!(
				conviction.bounty <= Permill::from_parts(LARGEST_BOUNTY).mul_floor(conviction.own),
				"a bounty is above 49 % of the operator's own stake"
			);
			ensure!(
				conviction.bounty.is_zero() == conviction.prover.is_none(),
				"a bounty without a prover, or a prover without a bounty"
			);
			let sum = sums.entry(conviction.operator).or_default();
			sum.escrowed = sum.escrowed.saturating_add(conviction.own);
			sum.escrowed_delegated = sum.escrowed_delegated.saturating_add(conviction.delegated);
			sum.convictions = sum.convictions.saturating_add(1);
		}
		Ok(())
	}

	/// Workers and devices belong to somebody and are counted.
	fn try_workers(sums: &mut BTreeMap<T::AccountId, Sums>) -> Result<(), TryRuntimeError> {
		let mut devices = BTreeMap::new();
		for (worker, device, record) in Devices::<T>::iter() {
			let owner = Workers::<T>::get(worker).ok_or("a device of a worker that is none")?;
			ensure!(device < owner.next_device, "a device's index is not given yet");
			ensure!(record.occupied <= WHOLE_DEVICE, "a device is sold twice");
			let count: &mut u16 = devices.entry(worker).or_default();
			*count = count.saturating_add(1);
			let sum = sums.entry(owner.operator).or_default();
			sum.deposits = sum.deposits.saturating_add(record.deposit);
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(worker < NextWorkerId::<T>::get(), "a worker's number is not given yet");
			ensure!(
				record.devices == devices.remove(&worker).unwrap_or_default()
					&& record.devices <= T::MaxDevices::get(),
				"a worker counts its devices wrongly or has too many"
			);
			ensure!(
				WorkersOf::<T>::contains_key(&record.operator, worker),
				"a worker is missing in its operator's list"
			);
			let sum = sums.entry(record.operator).or_default();
			sum.deposits = sum.deposits.saturating_add(record.deposit);
			sum.workers = sum.workers.saturating_add(1);
		}
		ensure!(
			WorkersOf::<T>::iter_keys().count() == Workers::<T>::iter_keys().count(),
			"an operator's list names a worker that is not its own"
		);
		Ok(())
	}

	/// Every hot key signs for exactly one worker and for no operator.
	fn try_keys() -> Result<(), TryRuntimeError> {
		for (key, worker) in Keys::<T>::iter() {
			let record = Workers::<T>::get(worker).ok_or("a key of a worker that is none")?;
			ensure!(
				record.key == key || record.next_key.is_some_and(|next| next.key == key),
				"a key that its worker does not know"
			);
			ensure!(!Operators::<T>::contains_key(&key), "an operator's account is a hot key");
		}
		for (worker, record) in Workers::<T>::iter() {
			ensure!(
				Keys::<T>::get(&record.key) == Some(worker)
					&& record.next_key.is_none_or(|next| Keys::<T>::get(&next.key) == Some(worker)),
				"a worker's key leads to another worker"
			);
		}
		Ok(())
	}

	/// What the delegations of each operator add up to, whatever has matured counted as that.
	fn try_delegations(sums: &mut BTreeMap<T::AccountId, Sums>) -> Result<(), TryRuntimeError> {
		let mut members = BTreeMap::<(T::AccountId, u32), u32>::new();
		for (operator, _, mut delegation) in Delegations::<T>::iter() {
			ensure!(!delegation.is_empty(), "a delegation of nothing");
			ensure!(
				delegation.leaving.iter().all(|chunk| !chunk.shares.is_zero())
					&& delegation.joining.iter().all(|(_, shares)| !shares.is_zero()),
				"a part of a delegation is nothing"
			);
			for (from, _) in &delegation.joining {
				let count: &mut u32 = members.entry((operator.clone(), *from)).or_default();
				*count = count.saturating_add(1);
			}
			let pool = Self::operator(&operator)
				.map_err(|_| "a delegation to an operator that is none")?
				.pool;
			ensure!(delegation.index <= pool.index, "a delegation was paid too much");
			Self::earn(&operator, &pool, &mut delegation);
			let sum = sums.entry(operator).or_default();
			sum.delegators = sum.delegators.saturating_add(1);
			sum.entitled = sum.entitled.saturating_add(delegation.shares);
			for (from, shares) in &delegation.joining {
				let cohort: &mut u128 = sum.joining.entry(*from).or_default();
				*cohort = cohort.saturating_add(*shares);
			}
			for chunk in &delegation.leaving {
				sum.leaving = sum.leaving.saturating_add(chunk.shares);
			}
			sum.claimable = sum.claimable.saturating_add(delegation.rewards);
		}
		for (operator, from, cohort) in Cohorts::<T>::iter() {
			ensure!(
				members.remove(&(operator, from)) == Some(cohort.members),
				"a cohort counts its members wrongly"
			);
		}
		ensure!(members.is_empty(), "a delegation joins with a cohort that is none");
		Ok(())
	}

	/// Every operator's record agrees with the maps, with the holds on its account and with what
	/// lies in the two pots.
	fn try_operators(mut sums: BTreeMap<T::AccountId, Sums>) -> Result<(), TryRuntimeError> {
		let held = |reason: HoldReason, who: &T::AccountId| {
			T::Currency::balance_on_hold(&reason.into(), who)
		};
		let (mut delegated, mut claimable) = (0, 0);
		for (operator, record) in Operators::<T>::iter() {
			let sum = sums.remove(&operator).unwrap_or_default();
			let (ledger, pool) = (&record.ledger, &record.pool);
			ensure!(
				Service::ALL.iter().all(|service| {
					ledger.reserved(service.index()) <= ledger.allocated(service.index())
				}),
				"a service has reserved more than is allocated to it"
			);
			ensure!(
				ledger.total_reserved() <= record.bonded,
				"more is reserved than the operator itself has bonded"
			);
			ensure!(
				ledger.total_allocated() <= record.stake(),
				"more is allocated than can be slashed"
			);
			ensure!(
				Service::ALL.iter().all(|service| {
					sum.reserved.get(service.index()) == Some(&ledger.reserved(service.index()))
				}),
				"reservations do not add up"
			);
			ensure!(
				record
					.changes
					.iter()
					.flatten()
					.all(|change| { change.share_ppm <= assay_economics::MILLION })
					&& record.commission_ppm <= assay_economics::MILLION,
				"a share or a commission is above the whole"
			);
			ensure!(
				record.escrowed == sum.escrowed
					&& record.escrowed_delegated == sum.escrowed_delegated
					&& record.convictions == sum.convictions,
				"convictions do not add up"
			);
			ensure!(
				record.workers == sum.workers && record.workers <= T::MaxWorkers::get(),
				"an operator counts its workers wrongly or has too many"
			);
			ensure!(
				held(HoldReason::Bond, &operator) == record.own(),
				"the bond on hold is not what is bonded and unbonding"
			);
			ensure!(
				held(HoldReason::Escrow, &operator) == record.escrowed,
				"the escrow on hold is not that of the convictions"
			);
			ensure!(
				held(HoldReason::Deposit, &operator) == sum.deposits,
				"the deposits on hold are not those of workers and devices"
			);
			ensure!(
				record.delegators == sum.delegators,
				"an operator counts its delegators wrongly"
			);
			let mut joining = sum.joining;
			for (from, shares) in pool.joining.iter().filter(|(_, shares)| !shares.is_zero()) {
				ensure!(joining.remove(from) == Some(*shares), "a pool counts who joins wrongly");
			}
			ensure!(
				joining.is_empty() && pool.entitled == sum.entitled && pool.leaving == sum.leaving,
				"the delegations of a pool do not add up"
			);
			ensure!(
				pool.joining
					.iter()
					.fold(pool.entitled.saturating_add(pool.leaving), |all, (_, shares)| all
						.saturating_add(*shares))
					== pool.shares,
				"the shares of a pool do not add up"
			);
			ensure!(
				!pool.shares.is_zero() || pool.stake.is_zero(),
				"a pool has stake that belongs to nobody"
			);
			delegated = pool.stake.saturating_add(delegated);
			delegated = record.escrowed_delegated.saturating_add(delegated);
			claimable = record.rewards.saturating_add(sum.claimable).saturating_add(claimable);
		}
		ensure!(sums.is_empty(), "something belongs to an operator that is none");
		// Anybody can send funds there, so that there may be more.
		let covers = |pot: T::AccountId, owed: Balance| {
			T::Currency::balance(&pot) >= owed.saturating_add(T::Currency::minimum_balance())
		};
		ensure!(covers(Self::delegation_pot(), delegated), "delegated stake is missing");
		ensure!(covers(Self::rewards_pot(), claimable), "rewards are missing");
		Ok(())
	}
}
