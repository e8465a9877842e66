//! What blocks earn, and where it goes.

use crate::{
	pallet::{Config, Event, Exposures, Offenders, Pallet, Tallies},
	types::Balance,
	WeightInfo,
};
use assay_economics::issuance;
use core::marker::PhantomData;
use frame_support::{
	dispatch::DispatchClass,
	traits::{
		fungible::{Balanced, Credit, Inspect, Mutate},
		tokens::{Fortitude, Precision, Preservation},
		Get, Imbalance, OnUnbalanced,
	},
};
use frame_system::pallet_prelude::BlockNumberFor;
use pallet_operators::traits::Staking;
use sp_runtime::traits::UniqueSaturatedInto;
use sp_staking::SessionIndex;

impl<T: Config> pallet_authorship::EventHandler<T::AccountId, BlockNumberFor<T>> for Pallet<T> {
	fn note_author(author: T::AccountId) {
		Self::reward_block(&author);
		// The pallet of authorship counts no weight for its handler.
		frame_system::Pallet::<T>::register_extra_weight_unchecked(
			<T as Config>::WeightInfo::note_author(),
			DispatchClass::Mandatory,
		);
	}
}

/// Gives fees and tips to the author of the block, as income of the session.
pub struct FeesToRewards<T>(PhantomData<T>);

impl<T: Config> OnUnbalanced<Credit<T::AccountId, <T as Config>::Currency>> for FeesToRewards<T> {
	fn on_nonzero_unbalanced(fees: Credit<T::AccountId, <T as Config>::Currency>) {
		let Some(author) = pallet_authorship::Pallet::<T>::author() else {
			// Nobody earned it: the credit is burnt when it is dropped.
			return;
		};
		let amount = fees.peek();
		// What the rewards account cannot take is burnt with the credit that comes back.
		if <T as Config>::Currency::resolve(&T::Staking::rewards_account(), fees).is_ok() {
			Tallies::<T>::mutate(author, |tally| {
				tally.earned = tally.earned.saturating_add(amount);
			});
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Counts a block for its author and issues its reward, unless the author's income is void.
	pub(crate) fn reward_block(author: &T::AccountId) {
		let mut tally = Tallies::<T>::get(author);
		tally.blocks = tally.blocks.saturating_add(1);
		let reward = Self::block_reward();
		if reward > 0
			&& !Offenders::<T>::contains_key(author)
			&& <T as Config>::Currency::mint_into(&T::Staking::rewards_account(), reward).is_ok()
		{
			tally.earned = tally.earned.saturating_add(reward);
			Self::deposit_event(Event::BlockRewarded { validator: author.clone(), amount: reward });
		}
		Tallies::<T>::insert(author, tally);
	}

	/// What the issuance curve grants for this block. Time is counted in blocks: a slot without a
	/// block issues nothing, and no clock can be turned forward.
	pub(crate) fn block_reward() -> Balance {
		let slot = T::SlotDuration::get();
		let block: u64 = frame_system::Pallet::<T>::block_number().unique_saturated_into();
		let issued = <T as Config>::Currency::total_issuance();
		issuance::block_reward(issued, block.saturating_mul(slot), slot)
	}

	/// Shares a validator's income of the session that ends, by the exposure of that session.
	///
	/// The first block of a session is still named by the set before it, so the fees of its
	/// transactions may go to somebody who served in the session before only: its exposure of that
	/// session counts then. What nobody's stake earned, and what is void, is burnt.
	pub(crate) fn pay_income(session: SessionIndex, validator: &T::AccountId, amount: Balance) {
		if amount == 0 {
			return;
		}
		let exposed = |session: SessionIndex| {
			let stake = Exposures::<T>::get(session, validator)?;
			(stake.weight > 0).then_some((session, stake))
		};
		let exposure = exposed(session).or_else(|| session.checked_sub(1).and_then(exposed));
		match exposure {
			Some((session, stake)) if !Offenders::<T>::contains_key(validator) => {
				T::Staking::reward(validator, session, amount, &stake);
				let validator = validator.clone();
				Self::deposit_event(Event::IncomePaid { validator, session, amount });
			}
			_ => {
				let burnt = <T as Config>::Currency::burn_from(
					&T::Staking::rewards_account(),
					amount,
					Preservation::Expendable,
					Precision::BestEffort,
					Fortitude::Force,
				)
				.unwrap_or(0);
				let validator = validator.clone();
				Self::deposit_event(Event::IncomeVoided { validator, session, amount: burnt });
			}
		}
	}
}
