//! What becomes of a lease: lengthened, ended, settled, given to another key.

use super::{
	super::{
		amount, blocks,
		plan::{Context, Plan, Step},
	},
	units::{currency_name, money},
	Extension,
};
use crate::{
	chain::{AccountId, CloseReason, LeaseState, LeaseView, MarketCall, Running, TopUp},
	Error,
};
use assay_market::{
	charge::{cancellation_fee, total},
	term, Blocks, Currency, Parameters,
};

/// A lease, if it is there, and the numbers of the market.
async fn look(context: &Context, id: u64) -> Result<Option<(LeaseView, Parameters)>, Error> {
	let (chain, best) = (&context.chain, context.best);
	Ok(match chain.lease(best, id).await? {
		Some(view) => Some((view, chain.market_rules(best).await?)),
		None => None,
	})
}

fn closed(id: u64) -> Plan {
	Plan::nothing(format!("there is no lease {id}: it is closed"))
}

/// Why the signer cannot change a lease, if it is somebody else's.
fn not_renter(context: &Context, view: &LeaseView) -> Option<String> {
	(view.lease.renter != context.account).then(|| {
		format!("lease {} is somebody else's: sign with the account that rented it", view.id)
	})
}

/// The number of the block that takes the transaction at the soonest.
fn next(context: &Context) -> Blocks {
	context.best.number.saturating_add(1)
}

pub(super) async fn extend(
	context: &Context,
	id: u64,
	extension: Extension,
	max_price: Option<u128>,
) -> Result<Plan, Error> {
	let Some((view, _)) = look(context, id).await? else { return Ok(closed(id)) };
	let slot_ms = context.terms.slot_ms;
	let lease = &view.lease;
	let until = match lease.state {
		LeaseState::Active(running) => running.until,
		_ => 0,
	};
	let more = match (extension.blocks, extension.hours, extension.until) {
		(Some(blocks), ..) => blocks,
		(_, Some(hours), _) => hours.blocks(slot_ms),
		(.., wanted) => wanted.unwrap_or(until).saturating_sub(until),
	};
	if more == 0 {
		return Ok(Plan::nothing(format!("lease {id} lasts until block {until}")));
	}
	let held = total(lease.price, lease.count, more);
	let refusal = not_renter(context, &view)
		.or_else(|| not_extendable(&view, more, max_price, next(context), slot_ms));
	let effect = format!(
		"lengthens lease {id} by {} until block {}; holds {} more",
		blocks(more, slot_ms),
		until.saturating_add(more),
		money(held, lease.currency)
	);
	let max_price = max_price.unwrap_or(lease.price);
	let call = MarketCall::Extend { lease: id, blocks: more, max_price };
	let step = Step::new(call.into(), effect).holding_in(lease.currency, held);
	Ok(step.unless(refusal).into())
}

/// Why a lease cannot be lengthened, if it cannot.
fn not_extendable(
	view: &LeaseView,
	more: Blocks,
	max_price: Option<u128>,
	now: Blocks,
	slot_ms: u64,
) -> Option<String> {
	let lease = &view.lease;
	let LeaseState::Active(running) = lease.state else {
		return Some("it has not started: wait until its provider is ready".into());
	};
	if running.ending.is_some() || now >= running.until {
		return Some(format!("it ends in block {}: rent anew", running.until));
	}
	if max_price.is_some_and(|most| lease.price > most) {
		let price = amount(lease.price);
		return Some(format!("its price is {price} {} per block", currency_name(lease.currency)));
	}
	let latest = running.since.saturating_add(lease.maximum_duration);
	let left = latest.saturating_sub(running.until);
	(more > left).then(|| format!("its offer allows no more than {} more", blocks(left, slot_ms)))
}

pub(super) fn release_refund(
	context: &Context,
	renter: Option<AccountId>,
	currency: Currency,
) -> Plan {
	let renter = renter.unwrap_or(context.account);
	let effect = format!("releases what {renter} is owed in {}", currency_name(currency));
	Step::new(MarketCall::ReleaseWithheld { renter, currency }.into(), effect).into()
}

pub(super) async fn end(context: &Context, id: u64) -> Result<Plan, Error> {
	let Some((view, rules)) = look(context, id).await? else { return Ok(closed(id)) };
	let refusal = not_renter(context, &view);
	let (effect, when) = match view.lease.state {
		LeaseState::Requested { at } | LeaseState::Waiting { at } => {
			(cancellation(&view, at, next(context), &rules), "at once".to_string())
		}
		LeaseState::Active(running) => {
			match ending(&view, &running, rules.end_notice, next(context)) {
				Ok(ending) => ending,
				Err(because) => return Ok(Plan::nothing(because)),
			}
		}
	};
	let step = Step::new(MarketCall::End { lease: id }.into(), effect);
	Ok(step.later(when).unless(refusal).into())
}

/// What cancelling a request does.
fn cancellation(view: &LeaseView, at: Blocks, now: Blocks, rules: &Parameters) -> String {
	let lease = &view.lease;
	let fee = match term::is_stale(at, now, rules) {
		true => 0,
		false => cancellation_fee(lease.escrow, lease.count, lease.currency, rules),
	};
	let cluster = if lease.cluster.is_some() { " and all of its cluster" } else { "" };
	format!(
		"cancels the request{cluster}; {} come back, {} are burnt",
		money(lease.escrow.saturating_sub(fee), lease.currency),
		money(fee, lease.currency)
	)
}

/// What bringing the end of a lease forward does and when it ends, or why there is nothing to do.
fn ending(
	view: &LeaseView,
	running: &Running,
	notice: Blocks,
	now: Blocks,
) -> Result<(String, String), String> {
	let (lease, end) = (&view.lease, term::after_notice(running.until, now, notice));
	if now >= running.until || (running.ending.is_some() && end >= running.until) {
		return Err(format!("lease {} ends in block {}", view.id, running.until));
	}
	let back = total(lease.price, lease.count, running.until.saturating_sub(end));
	let effect =
		format!("ends lease {}; {} come back at once", view.id, money(back, lease.currency));
	Ok((effect, format!("in block {end}; what is served until then is paid")))
}

pub(super) async fn notice(context: &Context, id: u64) -> Result<Plan, Error> {
	let Some((view, _)) = look(context, id).await? else { return Ok(closed(id)) };
	let lease = &view.lease;
	let call = MarketCall::GiveNotice { lease: id };
	let (LeaseState::Active(running), Some(notice)) = (lease.state, lease.spot_notice) else {
		let refusal = match lease.spot_notice {
			Some(_) => "it has not started: the worker can decline it",
			None => "it is no spot lease: only its renter can end it",
		};
		let effect = format!("ends lease {id}");
		return Ok(Step::new(call.into(), effect).unless(Some(refusal.into())).into());
	};
	let refusal = (lease.operator != context.account)
		.then(|| format!("lease {id} is served by another operator: sign with its account"));
	Ok(match ending(&view, &running, notice, next(context)) {
		Ok((effect, when)) => Step::new(call.into(), effect).later(when).unless(refusal).into(),
		Err(because) => Plan::nothing(because),
	})
}

pub(super) async fn settle(context: &Context, id: u64) -> Result<Plan, Error> {
	let Some((view, rules)) = look(context, id).await? else { return Ok(closed(id)) };
	Ok(match settlement(&view, next(context), &rules) {
		Ok(effect) => Step::new(MarketCall::Settle { lease: id }.into(), effect).into(),
		Err(because) => Plan::nothing(because),
	})
}

/// What a settlement does, or why it does nothing.
fn settlement(view: &LeaseView, now: Blocks, rules: &Parameters) -> Result<String, String> {
	let lease = &view.lease;
	let sums = || {
		format!(
			"pays {} to the provider, burns {} and returns {} of what was not served",
			money(view.due, lease.currency),
			amount(view.fee),
			amount(view.refund)
		)
	};
	let closes = match lease.state {
		LeaseState::Requested { at } | LeaseState::Waiting { at } => {
			term::is_stale(at, now, rules).then_some(CloseReason::NeverStarted)
		}
		LeaseState::Active(_) => view.closes,
	};
	match closes {
		Some(CloseReason::NeverStarted) => {
			Ok(format!("closes it: {}; everything comes back", CloseReason::NeverStarted.words()))
		}
		Some(reason) => {
			Ok(format!("{}; closes it: {}, and returns the rest", sums(), reason.words()))
		}
		None if view.tops_up => Ok(format!("{}; lengthens it as its renter permitted", sums())),
		None if view.due > 0 || view.fee > 0 || view.refund > 0 => Ok(sums()),
		None => Err(format!(
			"nothing of lease {} can be settled yet: wait for a heartbeat, or for block {}",
			view.id,
			view.deadline.saturating_add(1)
		)),
	}
}

pub(super) async fn set_access(
	context: &Context,
	id: u64,
	access: AccountId,
) -> Result<Plan, Error> {
	let Some((view, _)) = look(context, id).await? else { return Ok(closed(id)) };
	if view.lease.access == access {
		return Ok(Plan::nothing(format!("{access} opens lease {id} already")));
	}
	let effect = format!("lets {access} open lease {id}, and {} no more", view.lease.access);
	let step = Step::new(MarketCall::SetAccess { lease: id, access }.into(), effect);
	Ok(step.unless(not_renter(context, &view)).into())
}

pub(super) async fn set_top_up(
	context: &Context,
	id: u64,
	top_up: Option<TopUp>,
) -> Result<Plan, Error> {
	let Some((view, _)) = look(context, id).await? else { return Ok(closed(id)) };
	if view.lease.top_up == top_up {
		return Ok(Plan::nothing(format!("lease {id} is topped up in that way already")));
	}
	let effect = match top_up {
		Some(top_up) => format!(
			"lengthens lease {id} by {} whenever it is about to end, for at most {} in all",
			blocks(top_up.blocks, context.terms.slot_ms),
			money(top_up.limit, view.lease.currency)
		),
		None => format!("lets lease {id} end when it is over"),
	};
	let step = Step::new(MarketCall::SetTopUp { lease: id, top_up }.into(), effect);
	Ok(step.unless(not_renter(context, &view)).into())
}

#[cfg(test)]
pub(super) mod tests {
	use super::*;
	use crate::chain::Lease;
	use assay_market::{Checkpoint, Currency};

	const RULES: Parameters = Parameters::DEVELOPMENT;
	const ASY: u128 = 1_000_000_000_000;

	/// A lease of two GPUs for 100 blocks at 0.0001 ASY that runs from block 100 on.
	pub(in super::super) fn running() -> Running {
		let checkpoint = Checkpoint { block: 100, missed: 0 };
		Running { since: 100, until: 200, checkpoint, ending: None }
	}

	pub(in super::super) fn view(state: LeaseState) -> LeaseView {
		let account = AccountId::from([1; 32]);
		LeaseView {
			id: 5,
			lease: Lease {
				renter: account,
				access: account,
				operator: AccountId::from([2; 32]),
				worker: 7,
				offer: 1,
				currency: Currency::Native,
				price: ASY / 10_000,
				count: 2,
				devices: vec![0, 1],
				bought: 50_000_000_000_000,
				spot_notice: None,
				duration: 100,
				maximum_duration: 3_600,
				top_up: None,
				cluster: None,
				escrow: ASY * 2 / 100,
				owed: 0,
				deposit: ASY / 10,
				state,
			},
			due: 0,
			fee: 0,
			refund: 0,
			refundable: 0,
			deadline: 130,
			closes: None,
			tops_up: false,
		}
	}

	#[test]
	fn lease_should_be_foreseen_as_too_long_for_its_offer() {
		let view = view(LeaseState::Active(running()));
		let judge = |more, price, now| not_extendable(&view, more, price, now, 1_000);
		assert_eq!(judge(3_500, None, 150), None);
		let longer = judge(3_501, None, 150).expect("too long");
		assert_eq!(longer, "its offer allows no more than 3500 blocks (58.3 minutes) more");
		assert!(judge(1, None, 200).is_some_and(|fix| fix.contains("rent anew")));
		assert!(judge(1, Some(1), 150).is_some_and(|fix| fix.contains("0.0001 ASY per block")));
		let request = super::tests::view(LeaseState::Requested { at: 100 });
		assert!(not_extendable(&request, 1, None, 101, 1_000).is_some());
	}

	#[test]
	fn end_should_say_what_comes_back_and_when() {
		let state = LeaseState::Active(running());
		let (effect, when) = ending(&view(state), &running(), 10, 150).expect("it runs");
		assert_eq!(effect, "ends lease 5; 0.008 ASY come back at once");
		assert!(when.starts_with("in block 160"), "{when}");
		// Less than the notice is left: it ends when it would have.
		let (effect, _) = ending(&view(state), &running(), 10, 195).expect("it runs");
		assert_eq!(effect, "ends lease 5; 0 ASY come back at once");
		assert!(ending(&view(state), &running(), 10, 200).is_err(), "it is over");
		let ended = Running { until: 160, ending: Some(CloseReason::EndedByRenter), ..running() };
		assert!(ending(&view(state), &ended, 10, 151).is_err(), "a repeat has nothing to do");
		assert!(ending(&view(state), &ended, 2, 151).is_ok(), "a shorter notice has");
	}

	#[test]
	fn cancellation_should_cost_only_while_the_request_can_be_taken() {
		let request = view(LeaseState::Requested { at: 100 });
		assert_eq!(
			cancellation(&request, 100, 119, &RULES),
			"cancels the request; 0.019998 ASY come back, 0.000002 ASY are burnt"
		);
		assert_eq!(
			cancellation(&request, 100, 120, &RULES),
			"cancels the request; 0.02 ASY come back, 0 ASY are burnt"
		);
	}

	#[test]
	fn settlement_should_be_sent_only_when_it_does_something() {
		let mut view = view(LeaseState::Active(running()));
		assert!(settlement(&view, 101, &RULES).is_err_and(|why| why.contains("block 131")));
		(view.due, view.fee) = (ASY, ASY / 50);
		let effect = settlement(&view, 101, &RULES).expect("something is due");
		assert!(effect.starts_with("pays 1 ASY to the provider, burns 0.02 and"), "{effect}");
		let lengthened = LeaseView { due: 0, fee: 0, tops_up: true, ..view.clone() };
		let effect = settlement(&lengthened, 199, &RULES).expect("it is lengthened");
		assert!(effect.ends_with("lengthens it as its renter permitted"), "{effect}");
		view.closes = Some(CloseReason::ProviderLost);
		let effect = settlement(&view, 131, &RULES).expect("it is lost");
		assert!(effect.ends_with("closes it: provider lost, and returns the rest"), "{effect}");
		view.lease.state = LeaseState::Requested { at: 100 };
		assert!(settlement(&view, 120, &RULES).is_ok_and(|told| told.contains("never started")));
	}
}
