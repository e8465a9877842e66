//! What happens in the start of every block, whatever the number of workers.

use crate::{
	Config, CurrentRound, Event, LastTurnout, Pallet, Parameters, Round, RoundIndex, Rounds,
	Turnout, WeightInfo,
};
use frame_support::{pallet_prelude::Weight, traits::Get};
use pallet_beacon::Beacon;

impl<T: Config> Pallet<T> {
	/// Fixes the sample of the current round when it is due, or opens a round when the beacon
	/// says so. Reads four values and writes at most four: O(1).
	pub(crate) fn advance() -> Weight {
		let Some(parameters) = Parameters::<T>::get() else {
			return T::DbWeight::get().reads(1);
		};
		let now = Self::now();
		let index = CurrentRound::<T>::get();
		let current = Rounds::<T>::get(index);
		let mut weight = T::WeightInfo::on_initialize_idle();

		if let Some(round) = &current {
			if now < parameters.sampled_at(round.opened_at) {
				return weight;
			}
			// After the block in which it is due this finds the sample in place. Should the beacon
			// ever have had no seed then, it is asked again until the next round opens.
			if round.sample.is_none() {
				Self::sample(index, round.clone(), &parameters);
				weight = T::WeightInfo::on_initialize_sample();
			}
		}

		let opened_at = current.as_ref().map_or(0, |round| round.opened_at);
		let beacon = T::Beacon::current();
		if assay_flops::round::opens(&parameters, &beacon.0, now.saturating_sub(opened_at)) {
			Self::open(index, now, beacon);
			weight = T::WeightInfo::on_initialize_open();
		}
		weight
	}

	/// Fixes who opens in the round, and what.
	fn sample(index: RoundIndex, mut round: Round, parameters: &assay_flops::Parameters) {
		let last_commit = parameters.commit_until(round.opened_at).saturating_sub(1);
		let subject = Self::sample_subject(index);
		let Some(sample) = T::Beacon::seed_for(&subject, last_commit.into()) else { return };
		let Turnout { covered, uncovered } = round.turnout;
		round.sample = Some(sample);
		LastTurnout::<T>::put(round.turnout);
		Rounds::<T>::insert(index, round);
		Self::deposit_event(Event::RoundSampled { round: index, sample, covered, uncovered });
	}

	/// Opens the round after `previous`, whose record goes if nothing refers to it any more.
	fn open(previous: RoundIndex, now: u32, beacon: sp_core::H256) {
		let Some(index) = previous.checked_add(1) else { return };
		if Rounds::<T>::get(previous).is_some_and(|round| round.pending == 0) {
			Rounds::<T>::remove(previous);
		}
		let slot = T::Slots::get();
		CurrentRound::<T>::put(index);
		Rounds::<T>::insert(
			index,
			Round {
				opened_at: now,
				opened_slot: slot,
				beacon,
				turnout: Turnout::default(),
				pending: 0,
				sample: None,
			},
		);
		Self::deposit_event(Event::RoundOpened { round: index, block: now, slot, beacon });
	}

	/// Subject of a round's sample, for the beacon.
	pub(crate) fn sample_subject(round: RoundIndex) -> alloc::vec::Vec<u8> {
		let mut subject = b"assay/flops/sample/".to_vec();
		subject.extend_from_slice(&round.to_le_bytes());
		subject
	}
}
