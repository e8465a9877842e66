//! `assay leases`: what is rented.

use super::{
	super::{
		amount, blocks, connect, line, parse_account, show,
		signing::{Key, RENTER_KEY},
	},
	units::{currency_name, flops, hourly, money, table},
};
use crate::{
	chain::{AccountId, LeaseState, LeaseView, Running},
	config::Config,
	keys, Error,
};
use serde_json::{json, Value};

/// Whose leases are listed.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	/// The renter; without it, the signer
	#[arg(long, value_parser = parse_account, conflicts_with = "worker")]
	renter: Option<AccountId>,
	/// Those of a worker instead
	#[arg(long)]
	worker: Option<u64>,
	#[command(flatten)]
	key: Key,
}

/// Lists leases.
pub(super) async fn run(config: &Config, args: &Args, json: bool) -> Result<(), Error> {
	let renter = match (args.renter, args.worker) {
		(None, None) => Some(keys::account(&args.key.load(config, RENTER_KEY)?)),
		(renter, _) => renter,
	};
	let chain = connect(config).await?;
	let best = chain.best().await?;
	let slot_ms = chain.terms(best).await?.slot_ms;
	let views = match (renter, args.worker) {
		(Some(renter), _) => chain.leases_of(best, &renter).await?,
		(None, Some(worker)) => chain.leases_at(best, worker).await?,
		(None, None) => Vec::new(),
	};
	if json {
		let leases: Vec<Value> = views.iter().map(|view| as_json(view, slot_ms)).collect();
		show(&Value::Array(leases));
	} else {
		line(as_text(&views, slot_ms, best.number));
	}
	Ok(())
}

fn as_json(view: &LeaseView, slot_ms: u64) -> Value {
	let lease = &view.lease;
	let running = running(view);
	json!({
		"lease": view.id,
		"state": lease.state.word(),
		"offer": lease.offer,
		"renter": lease.renter.to_string(),
		"access": lease.access.to_string(),
		"operator": lease.operator.to_string(),
		"worker": lease.worker,
		"devices": running.map(|_| &lease.devices),
		"count": lease.count,
		"capacity_flop_per_second": lease.bought,
		"currency": currency_name(lease.currency),
		"price_per_hour": amount(hourly(lease.price, slot_ms)),
		"price_per_block": amount(lease.price),
		"spot_notice_blocks": lease.spot_notice,
		"cluster": lease.cluster,
		"since_block": running.map(|running| running.since),
		"until_block": running.map(|running| running.until),
		"ending": running.and_then(|running| running.ending).map(|reason| reason.words()),
		"settled_until_block": running.map(|running| running.checkpoint.block),
		"duration_blocks": lease.duration,
		"maximum_blocks": lease.maximum_duration,
		"top_up": lease.top_up.map(|top_up| json!({
			"blocks": top_up.blocks,
			"limit": amount(top_up.limit),
		})),
		"held": amount(lease.escrow),
		"deposit_asy": amount(lease.deposit),
		"due_now": amount(view.due),
		"refundable_now": amount(view.refundable),
		"deadline_block": view.deadline,
		"closes": view.closes.map(|reason| reason.words()),
	})
}

fn running(view: &LeaseView) -> Option<Running> {
	match view.lease.state {
		LeaseState::Active(running) => Some(running),
		_ => None,
	}
}

fn as_text(views: &[LeaseView], slot_ms: u64, best: u32) -> String {
	if views.is_empty() {
		return "no leases".into();
	}
	let heading =
		["lease", "state", "offer", "worker", "GPUs", "bought each", "price per GPU-h", "held", ""];
	let mut rows = vec![heading.map(str::to_string).to_vec()];
	rows.extend(views.iter().map(|view| row(view, slot_ms, best)));
	table(&rows)
}

fn row(view: &LeaseView, slot_ms: u64, best: u32) -> Vec<String> {
	let lease = &view.lease;
	let left = |block: u32| blocks(block.saturating_sub(best), slot_ms);
	let note = match (view.closes, running(view)) {
		(Some(reason), _) => format!("{}: `assay settle {}` closes it", reason.words(), view.id),
		(None, Some(running)) => format!("until block {}, {}", running.until, left(running.until)),
		(None, None) => format!("can be taken for {}", left(view.deadline)),
	};
	vec![
		view.id.to_string(),
		lease.state.word().into(),
		lease.offer.to_string(),
		lease.worker.to_string(),
		lease.count.to_string(),
		flops(lease.bought),
		money(hourly(lease.price, slot_ms), lease.currency),
		amount(lease.escrow),
		note,
	]
}

#[cfg(test)]
mod tests {
	use super::{
		super::lease::tests::{running, view},
		*,
	};
	use crate::chain::CloseReason;

	#[test]
	fn leases_should_say_what_happens_next() {
		let mut over = view(LeaseState::Active(running()));
		over.closes = Some(CloseReason::ProviderLost);
		let views = [
			view(LeaseState::Requested { at: 112 }),
			view(LeaseState::Active(running())),
			view(LeaseState::Active(Running {
				ending: Some(CloseReason::EndedByRenter),
				..running()
			})),
			over,
		];
		let text = as_text(&views, 1_000, 110);
		let lines: Vec<&str> = text.lines().collect();
		assert!(lines[1].starts_with("5      requested  1"), "{text}");
		assert!(lines[1].ends_with("can be taken for 20 blocks (20 seconds)"), "{text}");
		assert!(lines[2].contains("active") && lines[2].contains("0.36 ASY"), "{text}");
		assert!(lines[2].ends_with("until block 200, 90 blocks (90 seconds)"), "{text}");
		assert!(lines[3].contains("ending"), "{text}");
		assert!(lines[4].ends_with("provider lost: `assay settle 5` closes it"), "{text}");
		assert_eq!(as_text(&[], 1_000, 110), "no leases");
	}

	#[test]
	fn leases_should_name_devices_only_once_they_are_taken() {
		let request = as_json(&view(LeaseState::Requested { at: 112 }), 1_000);
		assert_eq!((&request["devices"], &request["until_block"]), (&Value::Null, &Value::Null));
		let active = as_json(&view(LeaseState::Active(running())), 1_000);
		assert_eq!(active["devices"], json!([0, 1]));
		assert_eq!((&active["held"], &active["state"]), (&json!("0.02"), &json!("active")));
	}
}
