//! What the view functions answer.

use crate::{
	rules,
	settlement::{Context, Verdict},
	Capacity, Claim, ClaimState, ClaimView, Config, CurrentRound, LastTurnout, NextStep, Pallet,
	Parameters, Proven, RoundIndex, RoundView, Rounds, Standing, Standings, Status,
};
use alloc::vec::Vec;
use assay_flops::{coverage, sampling, seeds, Multiplier, Parameters as RoundParameters, Phase};
use frame_support::traits::Get;
use pallet_operators::{DeviceIndex, OpenObligations, Security, Service, WorkerId, Workers};
use sp_core::H256;
use sp_runtime::traits::Zero;

impl<T: Config> Pallet<T> {
	/// A round that still has a record.
	pub(crate) fn round_view(index: RoundIndex) -> Option<RoundView> {
		let parameters = Parameters::<T>::get()?;
		let round = Rounds::<T>::get(index)?;
		let opened = round.opened_at;
		Some(RoundView {
			index,
			phase: parameters.phase(opened, Self::now()),
			opened_at: opened,
			opened_slot: round.opened_slot,
			beacon: round.beacon,
			commit_from: parameters.commit_from(opened),
			commit_until: parameters.commit_until(opened),
			sampled_at: parameters.sampled_at(opened),
			reveal_until: parameters.reveal_until(opened),
			next_from: opened.saturating_add(parameters.minimum_gap),
			turnout: round.turnout,
			sample: round.sample,
		})
	}

	/// Rounds whose commitments the device has missed since its latest one.
	pub(crate) fn missed(parameters: &RoundParameters, standing: &Standing<T::AccountId>) -> u32 {
		let current = CurrentRound::<T>::get();
		let since = current.saturating_sub(standing.last_round);
		let open = Rounds::<T>::get(current)
			.is_some_and(|round| Self::now() < parameters.commit_until(round.opened_at));
		if open {
			since.saturating_sub(1)
		} else {
			since
		}
	}

	/// All about one device.
	pub(crate) fn status_view(worker: WorkerId, device: DeviceIndex) -> Status<T::AccountId> {
		let operator = T::Workers::operator_of(worker);
		let mut status = Status {
			worker,
			device,
			payout: operator.as_ref().and_then(T::Workers::payout_of),
			operator,
			next: Self::next_step(worker, device, &[], None),
			outcome: None,
			capacity_tiles: 0,
			capacity: 0,
			multiplier: Multiplier::NEWCOMER,
			buffer: 0,
			required: 0,
			expected_credits: 0,
			expected_undrawn: 0,
			covered: false,
			pending: Vec::new(),
		};
		let Some(standing) = Standings::<T>::get(worker, device) else { return status };
		let Some(context) = Self::context(&standing.operator) else { return status };
		let parameters = &context.parameters;
		let missed = Self::missed(parameters, &standing);
		let turnout = LastTurnout::<T>::get();
		let size = standing
			.pending
			.last()
			.map(|claim| claim.size)
			.or_else(|| standing.recent.iter().rev().find(|size| **size > 0).copied())
			.unwrap_or(0);
		status.multiplier = rules::multiplier(rules::unbroken_ms(
			&standing,
			missed,
			T::Slots::get(),
			T::SlotDuration::get(),
		));
		status.expected_credits = assay_flops::reward::credits(size, status.multiplier);
		let expected = status.expected_credits;
		status.required = rules::level(parameters, &turnout, expected);
		status.covered = rules::covered(parameters, &turnout, standing.buffer, expected);
		let ratio = rules::ratio(parameters, &turnout, status.covered);
		status.expected_undrawn = coverage::payable(ratio, parameters, standing.buffer, expected);
		status.capacity_tiles = rules::capacity(&standing, missed);
		status.capacity = assay_flops::capacity::flop_per_second(
			status.capacity_tiles,
			parameters.window,
			T::SlotDuration::get(),
		);
		status.pending = standing
			.pending
			.iter()
			.filter_map(|claim| Self::claim_view(&context, worker, device, standing.buffer, claim))
			.collect();
		status.next = Self::next_step(worker, device, &status.pending, Some(standing.last_round));
		status.buffer = standing.buffer;
		status.outcome = standing.outcome;
		status.payout = T::Workers::payout_of(&standing.operator);
		status.operator = Some(standing.operator);
		status
	}

	/// A pending claim with what is to be done about it.
	fn claim_view(
		context: &Context,
		worker: WorkerId,
		device: DeviceIndex,
		buffer: u128,
		claim: &Claim,
	) -> Option<ClaimView> {
		let parameters = &context.parameters;
		let round = Rounds::<T>::get(claim.round)?;
		let opened = round.opened_at;
		let state = match round.sample {
			_ if claim.opened => ClaimState::Opened,
			None if claim.round < context.current => ClaimState::Unsampled,
			None => ClaimState::AwaitsSample { sampled_at: parameters.sampled_at(opened) },
			Some(sample) => {
				let ratio = rules::ratio(parameters, &round.turnout, claim.covered);
				let until = parameters.reveal_until(opened);
				if !sampling::drawn(&sample.0, worker, device, ratio) {
					ClaimState::NotDrawn
				} else if context.now >= until {
					ClaimState::Overdue
				} else {
					let samples = sampling::samples(
						&sample.0,
						worker,
						device,
						claim.tiles,
						parameters.samples,
					);
					ClaimState::OpeningDue { until, samples }
				}
			}
		};
		let granted = match Self::verdict(context, worker, device, buffer, claim, &round) {
			Verdict::Credit { granted } => granted,
			_ => 0,
		};
		Some(ClaimView {
			claim: claim.clone(),
			seed: H256(seeds::device_seed(&round.beacon.0, claim.round, worker, device)),
			state,
			credits: rules::credits(claim),
			granted,
			void: context.is_void(claim),
		})
	}

	/// What the device has to do next: what is most urgent comes first.
	fn next_step(
		worker: WorkerId,
		device: DeviceIndex,
		pending: &[ClaimView],
		last_round: Option<RoundIndex>,
	) -> NextStep {
		let due = pending.iter().find_map(|view| match &view.state {
			ClaimState::OpeningDue { until, .. } => {
				Some(NextStep::Reveal { round: view.claim.round, until: *until })
			}
			_ => None,
		});
		if let Some(step) = due {
			return step;
		}
		if !T::Workers::device_exists(worker, device) {
			return NextStep::Register;
		}
		if !T::Workers::is_active(worker) {
			return NextStep::Inactive;
		}
		if !Self::can_secure(worker, device) {
			return NextStep::BondMore;
		}
		let round = Self::round_view(CurrentRound::<T>::get());
		if let Some(round) = round.filter(|round| last_round.is_none_or(|last| last < round.index))
		{
			let (index, commit_until) = (round.index, round.commit_until);
			match round.phase {
				Phase::Working => {
					return NextStep::Work {
						round: index,
						commit_from: round.commit_from,
						commit_until,
					}
				}
				Phase::Committing => return NextStep::Commit { round: index, commit_until },
				_ => {}
			}
		}
		match pending.first().map(|view| (view.claim.round, &view.state)) {
			Some((round, ClaimState::AwaitsSample { sampled_at })) => {
				NextStep::AwaitSample { round, sampled_at: *sampled_at }
			}
			Some((round, _)) => NextStep::Settle { round },
			None => NextStep::AwaitRound,
		}
	}
}

impl<T: Config> Pallet<T> {
	/// Whether the device has a reservation or could get one.
	fn can_secure(worker: WorkerId, device: DeviceIndex) -> bool {
		let Some(operator) = T::Workers::operator_of(worker) else { return false };
		let obligation = Self::obligation(worker, device);
		!T::Security::reserved(&operator, Service::Flops, obligation).is_zero()
			|| T::Security::free_stake(&operator, Service::Flops) >= T::DeviceStake::get()
	}
}

impl<T: Config> Pallet<T> {
	/// What follows from a device's standing and from how many rounds it has missed since; nothing
	/// before genesis or without a standing.
	fn of_standing<R>(
		worker: WorkerId,
		device: DeviceIndex,
		conclude: impl FnOnce(&RoundParameters, &Standing<T::AccountId>, u32) -> R,
	) -> Option<R> {
		let parameters = Parameters::<T>::get()?;
		let standing = Standings::<T>::get(worker, device)?;
		let missed = Self::missed(&parameters, &standing);
		Some(conclude(&parameters, &standing, missed))
	}

	fn flop_per_second(parameters: &RoundParameters, tiles: u32) -> u64 {
		assay_flops::capacity::flop_per_second(tiles, parameters.window, T::SlotDuration::get())
	}
}

impl<T: Config> Capacity for Pallet<T> {
	fn capacity(worker: WorkerId, device: DeviceIndex) -> u64 {
		Self::of_standing(worker, device, |parameters, standing, missed| {
			Self::flop_per_second(parameters, rules::capacity(standing, missed))
		})
		.unwrap_or(0)
	}

	fn proven(worker: WorkerId, device: DeviceIndex) -> Proven {
		Self::of_standing(worker, device, |_, standing, missed| rules::proven(standing, missed))
			.unwrap_or_default()
	}

	fn capacity_since(worker: WorkerId, device: DeviceIndex, then: Proven) -> u64 {
		Self::of_standing(worker, device, |parameters, standing, missed| {
			Self::flop_per_second(parameters, rules::capacity_since(standing, missed, then))
		})
		.unwrap_or(0)
	}
}

impl<T: Config> pallet_operators::Rounds for Pallet<T> {
	fn current_round() -> u32 {
		CurrentRound::<T>::get()
	}
}

impl<T: Config> OpenObligations for Pallet<T> {
	fn has_open_obligations(worker: WorkerId) -> bool {
		Standings::<T>::iter_key_prefix(worker).next().is_some()
	}
}
