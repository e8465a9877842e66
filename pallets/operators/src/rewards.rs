//! Who is paid for blocks, and how it gets what it earned: the trait `Staking`.

use crate::{
	allocation,
	pallet::{Config, Delegations, EconomicPolicy, Error, Event, Operators, Pallet, VoidedAt},
	traits::Staking,
	types::{Activity, Balance, ConsensusStake, Service},
};
use assay_economics::{
	commission::share_reward,
	deterrence::{margin, Policy},
};
use frame_support::{
	dispatch::DispatchResult,
	ensure,
	storage::with_storage_layer,
	traits::{Defensive, Get},
};
use sp_runtime::traits::{AccountIdConversion, Zero};

impl<T: Config> Pallet<T> {
	/// The account out of which rewards are claimed.
	pub(crate) fn rewards_pot() -> T::AccountId {
		T::RewardsPot::get().into_account_truncating()
	}

	pub(crate) fn do_claim_rewards(
		claimant: T::AccountId,
		operator: T::AccountId,
	) -> DispatchResult {
		with_storage_layer(|| {
			let mut record = Self::operator(&operator)?;
			let (payee, amount) = if claimant == operator {
				(record.payout.clone(), core::mem::take(&mut record.rewards))
			} else {
				let mut delegation = Delegations::<T>::get(&operator, &claimant)
					.ok_or(Error::<T>::NothingToClaim)?;
				Self::settle(&operator, &mut record, &mut delegation);
				let amount = core::mem::take(&mut delegation.rewards);
				Self::put_delegation(&operator, &mut record, &claimant, delegation)?;
				(claimant.clone(), amount)
			};
			ensure!(!amount.is_zero(), Error::<T>::NothingToClaim);
			Self::pay(&Self::rewards_pot(), &payee, amount)?;
			Operators::<T>::insert(&operator, record);
			Self::deposit_event(Event::RewardsClaimed { operator, claimant, payee, amount });
			Ok(())
		})
	}

	pub(crate) fn do_set_policy(policy: Policy) -> DispatchResult {
		ensure!(policy.validate().is_ok(), Error::<T>::UnsafePolicy);
		EconomicPolicy::<T>::put(policy);
		Self::deposit_event(Event::PolicySet { policy });
		Ok(())
	}

	pub(crate) fn view_margin(
		reward: Balance,
		reservation: Balance,
		cost: Balance,
	) -> Option<u128> {
		EconomicPolicy::<T>::get()
			.map(|policy| margin(&policy, reward, reservation, reservation, cost).margin_ppm())
	}
}

impl<T: Config> Staking<T::AccountId, Balance> for Pallet<T> {
	fn consensus_stake(operator: &T::AccountId) -> ConsensusStake<Balance> {
		Self::operator(operator)
			.ok()
			.filter(|record| Self::activity(record) == Activity::Active)
			.map(|record| ConsensusStake {
				weight: allocation::part(
					Self::ceiling(&record, Service::Consensus),
					record.active(),
					record.stake(),
				),
				own: record.unreserved(),
				delegated: record.pool.active(),
				commission_ppm: record.commission_ppm,
			})
			.unwrap_or_default()
	}

	fn convict_consensus(
		operator: &T::AccountId,
		session: u32,
		amount: Balance,
		prover: Option<&T::AccountId>,
	) -> Balance {
		if !Operators::<T>::contains_key(operator) {
			return 0;
		}
		VoidedAt::<T>::insert(operator, Service::Consensus, Self::now());
		with_storage_layer(|| Self::do_convict_consensus(operator, session, amount, prover))
			.defensive_unwrap_or_default()
	}

	fn reward(
		operator: &T::AccountId,
		session: u32,
		amount: Balance,
		stake: &ConsensusStake<Balance>,
	) {
		let Ok(mut record) = Self::operator(operator) else {
			Self::burn(&Self::rewards_pot(), amount);
			return;
		};
		// No cohort may earn before its session has come.
		Self::mature(operator, &mut record, session.min(T::Session::get()));
		let (own, delegated) =
			share_reward(amount, stake.own, stake.delegated, stake.commission_ppm);
		let remaining = record.pool.remaining(delegated, stake.delegated);
		let distributed = record.pool.reward(remaining);
		record.rewards = record.rewards.saturating_add(own);
		Operators::<T>::insert(operator, record);
		// Nobody may gain when others leave, least of all the operator.
		let burnt = delegated.saturating_sub(distributed);
		Self::burn(&Self::rewards_pot(), burnt);
		Self::deposit_event(Event::Rewarded {
			operator: operator.clone(),
			session,
			own,
			delegated: distributed,
			burnt,
		});
	}

	fn rewards_account() -> T::AccountId {
		Self::rewards_pot()
	}
}
