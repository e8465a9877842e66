//! What equivocations cost.
//!
//! A report only notes: it disables, puts out and queues, with a bounded number of accesses for each
//! offender. The stake is taken in the next blocks, a few validators in each.

use crate::{
	pallet::{
		Candidates, Charges, Config, Event, Exposures, LastReports, OffenceQueue, OffenceQueueEnds,
		Offenders, Pallet,
	},
	types::{CandidateState, Charge, PutOutReason},
	WeightInfo,
};
use alloc::vec::Vec;
use assay_economics::slash;
use frame_support::{dispatch::DispatchClass, traits::Get, weights::Weight};
use pallet_operators::traits::Staking;
use sp_runtime::{Perbill, Permill};
use sp_staking::{
	offence::{OffenceDetails, OffenceSeverity, OnOffenceHandler},
	SessionIndex,
};

/// How many validators are charged in a block at most.
pub(crate) const CHARGES_PER_BLOCK: u32 = 4;

/// Billionth parts in a millionth.
const BILLIONTHS: u32 = 1_000;

impl<T: Config> OnOffenceHandler<T::AccountId, T::AccountId, Weight> for Pallet<T> {
	fn on_offence(
		offenders: &[OffenceDetails<T::AccountId, T::AccountId>],
		fractions: &[Perbill],
		session: SessionIndex,
	) -> Weight {
		for (details, fraction) in offenders.iter().zip(fractions) {
			let reporter = details.reporters.first();
			Self::note_offence(&details.offender, *fraction, session, reporter);
		}
		let count = u32::try_from(offenders.len()).unwrap_or(u32::MAX);
		// The pallet of offences drops the weight that is returned, so it is counted here.
		frame_system::Pallet::<T>::register_extra_weight_unchecked(
			<T as Config>::WeightInfo::on_offence(count),
			DispatchClass::Mandatory,
		);
		Weight::zero()
	}
}

impl<T: Config> Pallet<T> {
	/// Notes a report of an equivocation in `session`.
	///
	/// Everybody who offended at the same time is reported again with every further offender, with
	/// the same or a larger fraction: what is known already changes nothing, and what is larger only
	/// raises the charge.
	fn note_offence(
		offender: &T::AccountId,
		fraction: Perbill,
		session: SessionIndex,
		reporter: Option<&T::AccountId>,
	) {
		let asked = Permill::from_parts(fraction.deconstruct().div_ceil(BILLIONTHS));
		let fraction = asked.max(T::MinimumFraction::get());
		let known = Charges::<T>::get(session, offender);
		if known.as_ref().is_some_and(|charge| charge.fraction >= fraction) {
			return;
		}
		// One that served its time and came back does not go again when the price rises because
		// others are found to have offended with it.
		if known.is_none() || !Self::came_back(offender) {
			Self::stop_offender(offender, fraction);
		}
		Self::deposit_event(Event::EquivocationReported {
			validator: offender.clone(),
			session,
			fraction,
		});
		// Nothing is known of the stake in a session that is forgotten already.
		if !Exposures::<T>::contains_key(session, offender) {
			return;
		}
		let (charged, queued) = known.map_or((0, false), |charge| (charge.charged, charge.queued));
		if !queued {
			OffenceQueueEnds::<T>::mutate(|ends| {
				OffenceQueue::<T>::insert(ends.tail, (session, offender));
				ends.tail = ends.tail.saturating_add(1);
			});
		}
		Charges::<T>::insert(
			session,
			offender,
			Charge { fraction, charged, reporter: reporter.cloned(), queued: true },
		);
	}

	/// Whether an offender is a candidate again by its own word.
	fn came_back(offender: &T::AccountId) -> bool {
		Candidates::<T>::get(offender) == Some(CandidateState::Ready)
			&& !Self::equivocated_recently(offender)
	}

	/// Whether `who` was reported so recently that it cannot come back yet.
	pub(crate) fn equivocated_recently(who: &T::AccountId) -> bool {
		let now = pallet_session::CurrentIndex::<T>::get();
		let recent = |session: SessionIndex| now <= session.saturating_add(1);
		// A candidate's own state says it too, even if there were too many reports to keep.
		LastReports::<T>::get(who).is_some_and(recent)
			|| matches!(
				Candidates::<T>::get(who),
				Some(CandidateState::PutOut { reason: PutOutReason::Equivocation, session })
					if recent(session)
			)
	}

	/// Keeps the session of a report, apart from the candidacy, which can end before or meanwhile.
	fn keep_report(offender: &T::AccountId, session: SessionIndex) {
		if LastReports::<T>::contains_key(offender)
			|| LastReports::<T>::count() < T::MaxValidators::get()
		{
			LastReports::<T>::insert(offender, session);
		}
	}

	/// Forgets reports after which everybody can come back in the session that begins when `ended`
	/// ends.
	pub(crate) fn forget_reports(ended: SessionIndex) {
		let old: Vec<_> = LastReports::<T>::iter()
			.filter(|(_, session)| *session < ended)
			.map(|(offender, _)| offender)
			.collect();
		old.iter().for_each(LastReports::<T>::remove);
	}

	/// Disables an offender for as long as it serves by earlier elections, voids what it earns in
	/// the running session, and puts it out of the next elections.
	fn stop_offender(offender: &T::AccountId, fraction: Permill) {
		let session = pallet_session::CurrentIndex::<T>::get();
		Self::keep_report(offender, session);
		if Self::is_serving_or_next(offender) {
			Offenders::<T>::mutate(offender, |known| *known = (*known).max(Some(fraction)));
		}
		if Candidates::<T>::contains_key(offender) {
			Self::put_out(offender.clone(), PutOutReason::Equivocation, session);
		}
		Self::disable(offender.clone(), fraction);
	}

	/// Disables a validator, if it serves and not too many are disabled already: at most a third of
	/// the set, those with the largest fractions.
	pub(crate) fn disable(validator: T::AccountId, fraction: Permill) {
		let billionths = fraction.deconstruct().saturating_mul(BILLIONTHS);
		let severity = OffenceSeverity(Perbill::from_parts(billionths));
		pallet_session::Pallet::<T>::report_offence(validator, severity);
	}

	/// Executes up to `most` of the charges that wait, oldest first, and returns how many it were.
	pub(crate) fn drain_charges(most: u32) -> u32 {
		let mut ends = OffenceQueueEnds::<T>::get();
		let mut drained = 0u32;
		while drained < most && ends.head < ends.tail {
			if let Some((session, offender)) = OffenceQueue::<T>::take(ends.head) {
				Self::execute_charge(session, &offender);
			}
			ends.head = ends.head.saturating_add(1);
			drained = drained.saturating_add(1);
		}
		if drained > 0 {
			OffenceQueueEnds::<T>::put(ends);
		}
		drained
	}

	/// Takes what an offender is charged for a session and has not been charged yet. Does nothing
	/// if the session was forgotten meanwhile.
	fn execute_charge(session: SessionIndex, offender: &T::AccountId) {
		let Some(exposure) = Exposures::<T>::get(session, offender) else {
			return;
		};
		let Some(mut charge) = Charges::<T>::get(session, offender) else {
			return;
		};
		let amount =
			slash::concurrent(exposure.weight, charge.charged, charge.fraction.deconstruct());
		charge.charged = charge.charged.saturating_add(amount);
		charge.queued = false;
		let taken = if amount > 0 {
			let reporter = charge.reporter.as_ref();
			T::Staking::convict_consensus(offender, session, amount, reporter)
		} else {
			0
		};
		Charges::<T>::insert(session, offender, charge);
		Self::deposit_event(Event::ValidatorConvicted {
			validator: offender.clone(),
			session,
			charged: amount,
			taken,
		});
	}
}
