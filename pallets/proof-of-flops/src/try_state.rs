//! The invariants of the README, as code.

use crate::{
	rules, Config, CurrentRound, Pallet, Parameters, Round, RoundIndex, Rounds, Standing, Standings,
};
use alloc::collections::BTreeMap;
use frame_support::ensure;
use pallet_beacon::Beacon;
use pallet_operators::{DeviceIndex, Security, Service, WorkerId};
use sp_runtime::{traits::Zero, TryRuntimeError};

impl<T: Config> Pallet<T> {
	/// Checks every invariant of the pallet's state.
	///
	/// # Errors
	/// The first one that does not hold.
	pub(crate) fn do_try_state() -> Result<(), TryRuntimeError> {
		let Some(parameters) = Parameters::<T>::get() else {
			ensure!(CurrentRound::<T>::get() == 0, "rounds without parameters");
			return Ok(());
		};
		rules::validate(&parameters)?;
		ensure!(
			T::Beacon::delay() == parameters.delay.into(),
			"the beacon's delay is not that of the rounds"
		);
		let current = CurrentRound::<T>::get();
		let mut claims = BTreeMap::<RoundIndex, (u32, u32)>::new();
		for (worker, device, standing) in Standings::<T>::iter() {
			Self::check_standing(worker, device, &standing, current)?;
			for claim in &standing.pending {
				ensure!(Rounds::<T>::contains_key(claim.round), "a claim of a forgotten round");
				let of_round = claims.entry(claim.round).or_default();
				let class = if claim.covered { &mut of_round.0 } else { &mut of_round.1 };
				*class = class.saturating_add(1);
			}
		}
		ensure!(
			current == 0 || Rounds::<T>::contains_key(current),
			"the current round has no record"
		);
		for (index, round) in Rounds::<T>::iter() {
			let (covered, uncovered) = claims.get(&index).copied().unwrap_or_default();
			Self::check_round(index, &round, current, covered, uncovered)?;
		}
		Ok(())
	}

	/// Invariants of one standing.
	fn check_standing(
		worker: WorkerId,
		device: DeviceIndex,
		standing: &Standing<T::AccountId>,
		current: RoundIndex,
	) -> Result<(), TryRuntimeError> {
		ensure!(standing.last_round <= current, "a commitment in a round to come");
		let mut previous = 0;
		for claim in &standing.pending {
			ensure!(claim.round > previous, "claims are not in the order of their rounds");
			ensure!(claim.round <= standing.last_round, "a claim after the last commitment");
			ensure!(claim.size <= claim.tiles, "a claim of more than was computed");
			ensure!(claim.tiles > 0, "a claim of nothing");
			previous = claim.round;
		}
		let reserved = T::Security::reserved(
			&standing.operator,
			Service::Flops,
			Self::obligation(worker, device),
		);
		ensure!(
			(standing.pending.is_empty() && standing.buffer == 0) || !reserved.is_zero(),
			"claims or a buffer without a reservation"
		);
		Ok(())
	}

	/// Invariants of one round, given its open claims of both classes.
	fn check_round(
		index: RoundIndex,
		round: &Round,
		current: RoundIndex,
		covered: u32,
		uncovered: u32,
	) -> Result<(), TryRuntimeError> {
		ensure!(index > 0 && index <= current, "a round that has not opened");
		ensure!(
			round.pending == covered.saturating_add(uncovered),
			"a round's count of claims is wrong"
		);
		ensure!(
			covered <= round.turnout.covered && uncovered <= round.turnout.uncovered,
			"more claims than commitments"
		);
		ensure!(index == current || round.pending > 0, "a round that nothing refers to");
		ensure!(round.opened_at <= Self::now(), "a round that opens in the future");
		Ok(())
	}
}
