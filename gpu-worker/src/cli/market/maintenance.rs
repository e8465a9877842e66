//! Announcing that a worker will be silent, and cancelling that.

use super::super::{
	blocks,
	plan::{Context, Plan, Step},
};
use crate::{
	chain::{self, MarketCall},
	Error,
};
use assay_market::{attendance::BadMaintenance, Attendance, Blocks, Parameters, Window};

/// Blocks that an announcement may take to get into the chain.
const SLACK: Blocks = 10;

async fn attendance(context: &Context, worker: u64) -> Result<Attendance, Error> {
	let found = context.chain.presence(context.best, worker).await?;
	let none = || chain::Error::NotFound(format!("offer or lease of worker {worker}"));
	Ok(found.ok_or_else(none)?.attendance)
}

pub(super) async fn announce(
	context: &Context,
	worker: u64,
	from: Option<Blocks>,
	length: Blocks,
) -> Result<Plan, Error> {
	let attendance = attendance(context, worker).await?;
	let rules = context.chain.market_rules(context.best).await?;
	let now = context.best.number.saturating_add(1);
	let known = attendance.maintenance.filter(|window| {
		now < window.until
			&& window.until.saturating_sub(window.from) == length
			&& from.is_none_or(|from| from == window.from)
	});
	if let Some(window) = known {
		return Ok(Plan::nothing(announced(worker, &window)));
	}
	let window = window(&attendance, from, length, now, &rules);
	let refusal = attendance
		.announce(window, now, &rules.maintenance)
		.err()
		.map(|error| refused(error, &rules, context.terms.slot_ms));
	let effect = format!(
		"{}; nothing is paid for blocks without a heartbeat, and no lease is lost by that",
		announced(worker, &window)
	);
	let Window { from, until } = window;
	let begin = format!("in {}", blocks(from.saturating_sub(now), context.terms.slot_ms));
	let call = MarketCall::AnnounceMaintenance { worker, from, until };
	Ok(Step::new(call.into(), effect).later(begin).unless(refusal).into())
}

/// The window that is asked for: as soon as is allowed, unless its beginning is named.
fn window(
	attendance: &Attendance,
	from: Option<Blocks>,
	length: Blocks,
	now: Blocks,
	rules: &Parameters,
) -> Window {
	let soonest = now.saturating_add(rules.maintenance.notice).saturating_add(SLACK);
	let previous = attendance.maintenance.map_or(attendance.maintained_until, |last| last.until);
	let after_previous = match previous {
		0 => 0,
		until => until.saturating_add(rules.maintenance.gap),
	};
	let from = from.unwrap_or(soonest.max(after_previous));
	Window { from, until: from.saturating_add(length) }
}

fn announced(worker: u64, window: &Window) -> String {
	format!(
		"worker {worker} may be silent from block {} on, before block {}",
		window.from, window.until
	)
}

fn refused(error: BadMaintenance, rules: &Parameters, slot_ms: u64) -> String {
	let told = |number| blocks(number, slot_ms);
	match error {
		BadMaintenance::ShortNotice => {
			format!("it has to be announced {} before it begins", told(rules.maintenance.notice))
		}
		BadMaintenance::BadLength => {
			format!("it can last from one block to {}", told(rules.maintenance.longest))
		}
		BadMaintenance::AlreadyAnnounced => {
			"another one is announced: cancel it with --cancel, or wait until it is over and the \
			 worker is back"
				.into()
		}
		BadMaintenance::TooSoonAfterPrevious => format!(
			"it has to begin {} after the end of the previous one",
			told(rules.maintenance.gap)
		),
	}
}

pub(super) async fn cancel(context: &Context, worker: u64) -> Result<Plan, Error> {
	let attendance = attendance(context, worker).await?;
	let now = context.best.number.saturating_add(1);
	let Some(window) = attendance.maintenance.filter(|window| now < window.until) else {
		return Ok(Plan::nothing(format!("no maintenance of worker {worker} is announced")));
	};
	let refusal = attendance.cancel(now).is_none().then(|| {
		format!(
			"it has begun and is over in block {}; heartbeats are paid all the same",
			window.until
		)
	});
	let effect = format!("cancels that {}", announced(worker, &window));
	let call = MarketCall::CancelMaintenance { worker };
	Ok(Step::new(call.into(), effect).unless(refusal).into())
}

#[cfg(test)]
mod tests {
	use super::*;

	const RULES: Parameters = Parameters::DEVELOPMENT;

	#[test]
	fn maintenance_should_begin_as_soon_as_is_allowed() {
		let mut attendance = Attendance::new(98);
		let asked = |attendance: &Attendance, from| window(attendance, from, 50, 100, &RULES);
		assert_eq!(asked(&attendance, None), Window { from: 130, until: 180 });
		assert_eq!(asked(&attendance, Some(200)), Window { from: 200, until: 250 });
		attendance.maintenance = Some(Window { from: 80, until: 95 });
		let next = asked(&attendance, None);
		assert_eq!(next, Window { from: 155, until: 205 });
		assert!(attendance.announce(next, 100, &RULES.maintenance).is_ok());
		// What is named is judged by the rule of the chain.
		let soon = asked(&attendance, Some(154));
		let error = attendance.announce(soon, 100, &RULES.maintenance).expect_err("too soon");
		assert!(refused(error, &RULES, 1_000).contains("60 blocks (60 seconds) after the end"));
		// A cancelled one does not shorten the gap to the one before.
		attendance = Attendance { maintained_until: 95, ..Attendance::new(98) };
		assert_eq!(asked(&attendance, None), next);
	}
}
