//! `assay operator status`: everything about an operator.

use super::super::{amount, connect, line, printable, share, show};
use crate::{
	chain::{AccountId, AllocationView, OperatorView, ValidatorView, WorkerView},
	config::Config,
	Error,
};
use serde_json::{json, Value};
use std::fmt::Write;

/// What is shown.
struct Overview {
	operator: OperatorView,
	validator: ValidatorView,
	balance: u128,
	credits: u128,
	/// Workers, and what their keys have for fees.
	workers: Vec<(WorkerView, u128)>,
}

/// Shows an operator.
pub(super) async fn run(config: &Config, operator: &AccountId, json: bool) -> Result<(), Error> {
	let chain = connect(config).await?;
	let best = chain.best().await?;
	let view = chain
		.operator(best, operator)
		.await?
		.ok_or_else(|| crate::chain::Error::NotFound(format!("operator {operator}")))?;
	let mut workers = Vec::new();
	for id in chain.workers_of(best, operator).await? {
		if let Some(worker) = chain.worker(best, id).await? {
			let float = chain.balance(best, &worker.key).await?;
			workers.push((worker, float));
		}
	}
	let overview = Overview {
		validator: chain.validator(best, operator).await?,
		balance: chain.balance(best, operator).await?,
		credits: chain.credits(best, &view.payout).await?,
		operator: view,
		workers,
	};
	if json {
		show(&overview.json());
	} else {
		line(overview.text());
	}
	Ok(())
}

impl Overview {
	fn json(&self) -> Value {
		let (view, validator) = (&self.operator, &self.validator);
		let allocations: Vec<Value> = view
			.allocations
			.iter()
			.map(|allocation| {
				json!({
					"service": allocation.service,
					"allocated_asy": amount(allocation.allocated),
					"reserved_asy": amount(allocation.reserved),
					"free_asy": amount(allocation.free),
					"pending": allocation.pending.map(|pending| {
						json!({ "share_ppm": pending.ppm, "due_block": pending.due })
					}),
				})
			})
			.collect();
		let workers: Vec<Value> = self
			.workers
			.iter()
			.map(|(worker, float)| {
				json!({
					"worker": worker.worker,
					"activity": worker.activity,
					"key": worker.key.to_string(),
					"next_key": worker.next_key.as_ref().map(|(key, round)| {
						json!({ "key": key.to_string(), "from_round": round })
					}),
					"float_asy": amount(*float),
					"devices": worker.devices,
				})
			})
			.collect();
		json!({
			"operator": view.operator.to_string(),
			"activity": view.activity,
			"payout": view.payout.to_string(),
			"balance_asy": amount(self.balance),
			"payout_credits": amount(self.credits),
			"stake_asy": amount(view.stake),
			"active_asy": amount(view.active),
			"bonded_asy": amount(view.bonded),
			"delegated_asy": amount(view.delegated),
			"reserved_asy": amount(view.reserved),
			"unbonding_asy": amount(view.unbonding),
			"withdrawable_asy": amount(view.withdrawable),
			"next_due_block": view.next_due,
			"escrowed_asy": amount(view.escrowed),
			"convictions": view.convictions,
			"allocations": allocations,
			"delegators": view.delegators,
			"commission_ppm": view.commission_ppm,
			"pending_commission": view.pending_commission.map(|pending| {
				json!({ "commission_ppm": pending.ppm, "due_block": pending.due })
			}),
			"rewards_asy": amount(view.rewards),
			"validator": {
				"candidacy": validator.candidacy,
				"has_keys": validator.has_keys,
				"weight_asy": amount(validator.weight),
				"elected": validator.elected,
				"serving": validator.serving,
				"serving_next": validator.serving_next,
				"disabled": validator.disabled,
				"blocks": validator.blocks,
				"earned_asy": amount(validator.earned),
			},
			"workers": workers,
		})
	}

	fn text(&self) -> String {
		let view = &self.operator;
		let mut out = format!(
			"operator {} · {}\npayout   {} with {} credits\nbalance  {} ASY\nstake    {} ASY: {} \
			 bonded, {} unbonding, {} of {} delegators\nactive   {} ASY, of which {} are reserved\n\
			 leaving  {} ASY of its own can be withdrawn",
			view.operator,
			view.activity,
			view.payout,
			amount(self.credits),
			amount(self.balance),
			amount(view.stake),
			amount(view.bonded),
			amount(view.unbonding),
			amount(view.delegated),
			view.delegators,
			amount(view.active),
			amount(view.reserved),
			amount(view.withdrawable),
		);
		if let Some(due) = view.next_due {
			let _ = write!(out, ", more from block {due} on");
		}
		if view.convictions > 0 {
			let _ = write!(
				out,
				"\nescrow   {} ASY of {} convictions",
				amount(view.escrowed),
				view.convictions
			);
		}
		let _ = write!(
			out,
			"\nrewards  {} ASY wait to be claimed; commission {}",
			amount(view.rewards),
			share(view.commission_ppm)
		);
		if let Some(pending) = view.pending_commission {
			let _ = write!(out, ", {} from block {} on", share(pending.ppm), pending.due);
		}
		for allocation in view.allocations.iter().filter(|allocation| is_shown(allocation)) {
			let _ = write!(out, "\n{}", allocation_line(allocation));
		}
		let _ = write!(out, "\nvalidator: {}", validator_line(&self.validator));
		for (worker, float) in &self.workers {
			let _ = write!(
				out,
				"\nworker {}: key {}, float {} ASY",
				worker.worker,
				worker.key,
				amount(*float)
			);
			for device in &worker.devices {
				let description = printable(&device.description);
				let _ = write!(out, "\n  device {}: {description}", device.device);
			}
		}
		out
	}
}

/// Whether there is anything to say about an allocation.
fn is_shown(allocation: &AllocationView) -> bool {
	allocation.allocated > 0 || allocation.reserved > 0 || allocation.pending.is_some()
}

fn allocation_line(allocation: &AllocationView) -> String {
	let pending = allocation.pending.map(|pending| {
		format!("; {} of the stake from block {} on", share(pending.ppm), pending.due)
	});
	format!(
		"{:<9}  {} ASY allocated: {} reserved, {} free{}",
		allocation.service,
		amount(allocation.allocated),
		amount(allocation.reserved),
		amount(allocation.free),
		pending.unwrap_or_default()
	)
}

fn validator_line(view: &ValidatorView) -> String {
	let mut out = view.candidacy.to_string();
	if view.weight > 0 {
		let _ = write!(out, ", weight {} ASY", amount(view.weight));
	}
	if view.serving {
		let _ = write!(
			out,
			", validates: {} blocks in this session, {} ASY earned",
			view.blocks,
			amount(view.earned)
		);
	} else if view.serving_next {
		out.push_str(", validates from the next session on");
	} else if view.elected {
		out.push_str(", would be elected now");
	}
	if view.disabled {
		out.push_str(", disabled");
	}
	out
}

#[cfg(test)]
mod tests {
	use super::{
		super::bond::tests::{view, ASY},
		*,
	};
	use crate::chain::{Candidacy, Pending};

	fn overview() -> Overview {
		Overview {
			operator: view(),
			validator: ValidatorView {
				candidacy: Candidacy::Silent(4),
				has_keys: true,
				weight: 0,
				own: 1_500 * ASY,
				elected: false,
				serving: true,
				serving_next: false,
				disabled: false,
				blocks: 3,
				earned: 2 * ASY,
			},
			balance: 10 * ASY,
			credits: 0,
			workers: Vec::new(),
		}
	}

	#[test]
	fn status_should_show_only_services_that_can_slash() {
		let mut overview = overview();
		let text = overview.text();
		assert!(text.contains("flops      1000 ASY allocated: 100 reserved, 900 free"), "{text}");
		assert!(!text.contains("jobs"), "{text}");
		for allocation in &mut overview.operator.allocations {
			if allocation.service == crate::chain::Service::Jobs {
				allocation.pending = Some(Pending { ppm: 250_000, due: 12 });
			}
		}
		let text = overview.text();
		assert!(text.contains("25 % of the stake from block 12 on"), "{text}");
	}

	#[test]
	fn status_should_say_what_became_of_a_validator() {
		let text = overview().text();
		assert!(
			text.contains(
				"validator: put out: it made no block in session 4, validates: 3 blocks in this \
				 session, 2 ASY earned"
			),
			"{text}"
		);
		let value = overview().json();
		assert_eq!(value["validator"]["candidacy"], json!({ "silent": 4 }));
		assert_eq!(value["stake_asy"], "2000");
		assert_eq!(value["allocations"][1]["service"], "flops");
	}
}
