//! What the calls do, in plain types.

use crate::{
	rules, Claim, Config, CurrentRound, Error, Event, LastTurnout, Misdeed, Pallet, Parameters,
	RoundIndex, Rounds, Standing, Standings, MAX_PENDING,
};
use assay_flops::{round::Untimely, sampling, seeds, Opening, LEAVES_PER_TILE, MAX_TILES};
use frame_support::{ensure, traits::Get};
use pallet_operators::{DeviceIndex, Security, Service, WorkerId, Workers};
use sp_core::H256;
use sp_runtime::{
	traits::{Saturating, Zero},
	DispatchError,
};

/// What a call came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Done {
	/// Claims that were settled on the way, for the weight.
	pub(crate) settled: u32,
	/// Whether the device was found to be honest; otherwise it was convicted.
	pub(crate) honest: bool,
}

impl<T: Config> From<Untimely> for Error<T> {
	fn from(untimely: Untimely) -> Self {
		match untimely {
			Untimely::TooEarly => Self::TooEarly,
			Untimely::TooLate => Self::TooLate,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Commits a device to `tiles` tiles under `root` in the current round.
	///
	/// When an older claim turns out to be a missed opening, the device is convicted and no
	/// commitment is made: an error would take the conviction back.
	pub(crate) fn do_commit(
		worker: WorkerId,
		device: DeviceIndex,
		tiles: u32,
		root: H256,
	) -> Result<Done, DispatchError> {
		ensure!(T::Workers::device_exists(worker, device), Error::<T>::NoSuchDevice);
		ensure!(T::Workers::is_active(worker), Error::<T>::NotActive);
		let operator = T::Workers::operator_of(worker).ok_or(Error::<T>::NotActive)?;
		let parameters = Parameters::<T>::get().ok_or(Error::<T>::NoRound)?;
		let index = CurrentRound::<T>::get();
		let round = Rounds::<T>::get(index).ok_or(Error::<T>::NoRound)?;
		let now = Self::now();
		parameters.commit_in_time(round.opened_at, now).map_err(Error::<T>::from)?;
		ensure!(tiles > 0, Error::<T>::NoTiles);
		ensure!(tiles <= MAX_TILES, Error::<T>::TooManyTiles);

		let mut standing = Standings::<T>::get(worker, device)
			.unwrap_or_else(|| Standing::new(operator, index, round.opened_slot));
		ensure!(standing.last_round < index, Error::<T>::AlreadyCommitted);
		let done = Self::settle_ready(worker, device, &mut standing, RoundIndex::MAX);
		if !done.honest {
			Standings::<T>::insert(worker, device, standing);
			return Ok(done);
		}
		Self::secure(worker, device, &standing)?;

		let missed = index.saturating_sub(standing.last_round).saturating_sub(1);
		if missed > 0 {
			rules::remember_missed(&mut standing.recent, missed);
			Self::deposit_event(Event::RoundsMissed { worker, device, missed });
		}
		standing.unbroken_ms =
			rules::unbroken_ms(&standing, missed, round.opened_slot, T::SlotDuration::get());
		standing.last_slot = round.opened_slot;
		standing.last_round = index;

		let elapsed = T::Slots::get().saturating_sub(round.opened_slot);
		let mut claim = Claim {
			round: index,
			tiles,
			size: assay_flops::reward::rate_claim(tiles, parameters.window, elapsed),
			multiplier: rules::multiplier(standing.unbroken_ms),
			root,
			committed_at: now,
			covered: false,
			opened: false,
		};
		claim.covered = rules::covered(
			&parameters,
			&LastTurnout::<T>::get(),
			standing.buffer,
			rules::credits(&claim),
		);
		Rounds::<T>::mutate(index, |record| {
			if let Some(round) = record {
				let class = if claim.covered {
					&mut round.turnout.covered
				} else {
					&mut round.turnout.uncovered
				};
				class.saturating_inc();
				round.pending.saturating_inc();
			}
		});
		Self::deposit_event(Event::Committed {
			round: index,
			worker,
			device,
			operator: standing.operator.clone(),
			tiles,
			claim: claim.size,
			multiplier: claim.multiplier,
			root,
			covered: claim.covered,
		});
		standing.pending.try_push(claim).map_err(|_| Error::<T>::TooManyPending)?;
		Standings::<T>::insert(worker, device, standing);
		Ok(done)
	}

	/// Reserves stake for a device that has none reserved: a new one, or one that was convicted.
	fn secure(
		worker: WorkerId,
		device: DeviceIndex,
		standing: &Standing<T::AccountId>,
	) -> Result<(), DispatchError> {
		let obligation = Self::obligation(worker, device);
		if T::Security::reserved(&standing.operator, Service::Flops, obligation).is_zero() {
			T::Security::reserve(
				&standing.operator,
				Service::Flops,
				obligation,
				T::DeviceStake::get(),
			)?;
		}
		Ok(())
	}

	/// Checks the openings of a claim that was drawn: right ones prove it, a wrong one convicts.
	pub(crate) fn do_reveal(
		worker: WorkerId,
		device: DeviceIndex,
		index: RoundIndex,
		openings: &[Opening],
	) -> Result<Done, DispatchError> {
		let mut standing = Standings::<T>::get(worker, device).ok_or(Error::<T>::NoSuchClaim)?;
		let Some(claim) = standing.pending.iter().find(|claim| claim.round == index).cloned()
		else {
			let revealed = index > 0 && standing.last_revealed == index;
			return Err(if revealed {
				Error::<T>::AlreadyRevealed
			} else {
				Error::<T>::NoSuchClaim
			}
			.into());
		};
		ensure!(!claim.opened, Error::<T>::AlreadyRevealed);
		let parameters = Parameters::<T>::get().ok_or(Error::<T>::NoRound)?;
		let round = Rounds::<T>::get(index).ok_or(Error::<T>::NoSuchClaim)?;
		parameters.reveal_in_time(round.opened_at, Self::now()).map_err(Error::<T>::from)?;
		let sample = round.sample.ok_or(Error::<T>::TooEarly)?.0;
		let ratio = rules::ratio(&parameters, &round.turnout, claim.covered);
		ensure!(sampling::drawn(&sample, worker, device, ratio), Error::<T>::NotDrawn);
		let samples = sampling::samples(&sample, worker, device, claim.tiles, parameters.samples);
		ensure!(samples.len() == openings.len(), Error::<T>::WrongNumberOfOpenings);
		let leaves = u64::from(claim.tiles).saturating_mul(LEAVES_PER_TILE);
		for (sample, opening) in samples.iter().zip(openings) {
			let length = u32::try_from(opening.path.len()).unwrap_or(u32::MAX);
			ensure!(
				length == assay_merkle::path_len(leaves, sample.leaf),
				Error::<T>::MalformedOpening
			);
		}

		let seed = seeds::device_seed(&round.beacon.0, index, worker, device);
		for (number, (sample, opening)) in (0u32..).zip(samples.iter().zip(openings)) {
			let checked =
				assay_flops::opening::check(&seed, &claim.root.0, claim.tiles, sample, opening);
			if let Err(fault) = checked {
				let misdeed = Misdeed::WrongOpening { opening: number, fault };
				Self::convict(worker, device, &mut standing, index, misdeed);
				Standings::<T>::insert(worker, device, standing);
				return Ok(Done { settled: MAX_PENDING, honest: false });
			}
		}

		if let Some(claim) = standing.pending.iter_mut().find(|claim| claim.round == index) {
			claim.opened = true;
		}
		standing.last_revealed = index;
		standing.last_opened = claim.size;
		Self::deposit_event(Event::Revealed { round: index, worker, device });
		let done = Self::settle_ready(worker, device, &mut standing, RoundIndex::MAX);
		Standings::<T>::insert(worker, device, standing);
		Ok(done)
	}

	/// Settles the claim of a round and the older ones of the device.
	pub(crate) fn do_settle(
		worker: WorkerId,
		device: DeviceIndex,
		index: RoundIndex,
	) -> Result<Done, DispatchError> {
		let mut standing =
			Standings::<T>::get(worker, device).ok_or(Error::<T>::NothingToSettle)?;
		ensure!(
			standing.pending.iter().any(|claim| claim.round == index),
			Error::<T>::NothingToSettle
		);
		let done = Self::settle_ready(worker, device, &mut standing, index);
		if let Some(oldest) = standing.pending.first().filter(|claim| claim.round <= index) {
			let older = oldest.round < index;
			return Err(
				if older { Error::<T>::OlderClaimPending } else { Error::<T>::TooEarly }.into()
			);
		}
		Standings::<T>::insert(worker, device, standing);
		Ok(done)
	}

	/// Pays the buffer of a device out, releases its reservation and forgets it.
	///
	/// Without an open claim nothing is at risk, so this takes no stake from any proof; but the
	/// device is a newcomer afterwards, which is why only its operator may ask for that while the
	/// device is still registered.
	pub(crate) fn do_release_buffer(
		who: &T::AccountId,
		worker: WorkerId,
		device: DeviceIndex,
	) -> Result<Done, DispatchError> {
		let mut standing =
			Standings::<T>::get(worker, device).ok_or(Error::<T>::NothingToRelease)?;
		ensure!(
			*who == standing.operator
				|| T::Workers::operator_of(worker).is_none()
				|| !T::Workers::device_exists(worker, device),
			Error::<T>::NotRetired
		);
		let done = Self::settle_ready(worker, device, &mut standing, RoundIndex::MAX);
		ensure!(standing.pending.is_empty(), Error::<T>::ClaimsPending);
		let paid = Self::pay(&standing.operator, standing.buffer);
		ensure!(paid == standing.buffer, Error::<T>::CannotPay);
		let obligation = Self::obligation(worker, device);
		if !T::Security::reserved(&standing.operator, Service::Flops, obligation).is_zero() {
			T::Security::release(&standing.operator, Service::Flops, obligation)?;
		}
		Standings::<T>::remove(worker, device);
		Self::deposit_event(Event::BufferReleased {
			worker,
			device,
			operator: standing.operator,
			paid,
		});
		Ok(done)
	}
}
