//! What genesis and the integrity test refuse.

use crate::{offences::CHARGES_PER_BLOCK, Config, Pallet, WeightInfo};
use frame_support::{traits::Get, weights::Weight};
use sp_runtime::Permill;

impl<T: Config> Pallet<T> {
	/// Whether the runtime's constants fit together; else what contradicts what.
	pub(crate) fn check_constants() -> Result<(), &'static str> {
		let require = |holds: bool, reason: &'static str| if holds { Ok(()) } else { Err(reason) };
		require(T::MaxValidators::get() >= 1, "there has to be room for a validator")?;
		require(
			T::MaxCandidates::get() >= T::MaxValidators::get(),
			"there have to be as many candidates possible as validators",
		)?;
		require(T::KeptSessions::get() >= 2, "at least two sessions have to be kept")?;
		require(
			T::MinimumFraction::get() > Permill::zero(),
			"an equivocation has to cost something",
		)?;
		require(
			Self::heaviest_hooks().all_lte(T::BlockWeights::get().max_block),
			"a change of session has to fit into a block",
		)
	}

	/// The most that the hooks weigh in one block: the change of a session, a block's reward, a
	/// report against all validators, and charges that wait.
	pub(crate) fn heaviest_hooks() -> Weight {
		let validators = T::MaxValidators::get();
		<T as Config>::WeightInfo::end_session(validators)
			.saturating_add(<T as Config>::WeightInfo::start_session(validators))
			.saturating_add(<T as Config>::WeightInfo::new_session(
				validators,
				T::MaxCandidates::get(),
			))
			.saturating_add(<T as Config>::WeightInfo::note_author())
			.saturating_add(<T as Config>::WeightInfo::on_offence(validators))
			.saturating_add(<T as Config>::WeightInfo::drain_charges(CHARGES_PER_BLOCK))
	}
}
