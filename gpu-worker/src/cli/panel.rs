//! `assay worker status`: one panel with everything that matters.

use super::{amount, connect};
use crate::{
	chain::{Head, Round, Status, WorkerView},
	config::Config,
	keys, Error,
};
use serde_json::{json, Value};
use std::fmt::Write;

/// What the panel shows.
pub(super) struct Panel {
	best: Head,
	finalized: Head,
	worker: WorkerView,
	float: u128,
	credits: Option<u128>,
	round: Option<Round>,
	devices: Vec<Status>,
}

/// Reads everything from the chain.
pub(super) async fn read(config: &Config, worker: Option<u64>) -> Result<Panel, Error> {
	let chain = connect(config).await?;
	let (best, finalized) = (chain.best().await?, chain.finalized().await?);
	let id = match worker {
		Some(id) => id,
		None => {
			let account = keys::account(&keys::load(&config.key_file)?);
			let found = chain.worker_of(best, &account).await?;
			found.ok_or_else(|| Error::NotRegistered(account.to_string()))?
		}
	};
	let worker = chain
		.worker(best, id)
		.await?
		.ok_or_else(|| crate::chain::Error::NotFound(format!("worker {id}")))?;
	let indices: Vec<u16> = worker.devices.iter().map(|device| device.device).collect();
	let snapshot = chain.snapshot(best, id, &indices).await?;
	let payout = snapshot.devices.iter().find_map(|device| device.payout);
	let credits = match payout {
		Some(payout) => Some(chain.credits(best, &payout).await?),
		None => None,
	};
	let float = chain.balance(best, &worker.key).await?;
	Ok(Panel {
		best,
		finalized,
		worker,
		float,
		credits,
		round: snapshot.round,
		devices: snapshot.devices,
	})
}

impl Panel {
	/// The panel as JSON. Amounts are decimal strings in whole ASY or credits.
	pub(super) fn json(&self) -> Value {
		let devices: Vec<Value> = self
			.devices
			.iter()
			.map(|device| {
				let claims: Vec<Value> = device
					.claims
					.iter()
					.map(|claim| {
						json!({
							"round": claim.round,
							"tiles": claim.tiles,
							"state": claim.state.word(),
							"credits": amount(claim.credits),
							"void": claim.void,
						})
					})
					.collect();
				json!({
					"device": device.device,
					"capacity_flop_per_second": device.capacity,
					"multiplier": f64::from(device.multiplier) / 1e6,
					"buffer_credits": amount(device.buffer),
					"required_buffer_credits": amount(device.required),
					"expected_credits": amount(device.expected_credits),
					"covered": device.covered,
					"next": device.next,
					"barred": device.eligible.err(),
					"last_round": device.outcome.map(|(round, _)| round),
					"last_outcome": device.outcome.map(|(_, sentence)| sentence),
					"claims": claims,
				})
			})
			.collect();
		json!({
			"best_block": self.best.number,
			"finalized_block": self.finalized.number,
			"worker": self.worker.worker,
			"operator": self.worker.operator.to_string(),
			"activity": self.worker.activity,
			"key": self.worker.key.to_string(),
			"float_asy": amount(self.float),
			"payout_credits": self.credits.map(amount),
			"round": self.round,
			"devices": devices,
		})
	}

	/// The panel for people.
	pub(super) fn text(&self) -> String {
		let mut out = String::new();
		let _ = writeln!(
			out,
			"worker {} · operator {} · {}",
			self.worker.worker, self.worker.operator, self.worker.activity
		);
		let _ = writeln!(
			out,
			"block {} (final {}) · float {} ASY · credits {}",
			self.best.number,
			self.finalized.number,
			amount(self.float),
			self.credits.map_or_else(|| "none yet".into(), amount)
		);
		match &self.round {
			None => {
				let _ = writeln!(out, "no round has opened yet");
			}
			Some(round) => {
				let _ = writeln!(
					out,
					"round {} · {} · opened in block {} · commit {}–{} · reveal {}–{} · {} \
					 commitments",
					round.index,
					round.phase,
					round.opened_at,
					round.commit_from,
					round.commit_until.saturating_sub(1),
					round.sampled_at,
					round.reveal_until.saturating_sub(1),
					round.commitments
				);
			}
		}
		for device in &self.devices {
			let _ = writeln!(
				out,
				"\ndevice {}\n  capacity    {:.3} TFLOP/s\n  multiplier  {:.3}\n  buffer      {} of \
				 {} credits ({})\n  next claim  {} credits\n  next step   {}",
				device.device,
				device.capacity as f64 / 1e12,
				f64::from(device.multiplier) / 1e6,
				amount(device.buffer),
				amount(device.required),
				if device.covered { "covered" } else { "not covered yet" },
				amount(device.expected_credits),
				device.next
			);
			let latest = match device.outcome {
				Some((round, sentence)) => format!("round {round}: {sentence}"),
				None => "none yet".into(),
			};
			let _ = writeln!(out, "  latest      {latest}");
			for claim in &device.claims {
				let _ = writeln!(
					out,
					"  claim       round {}: {} tiles, {}, worth {} credits{}",
					claim.round,
					claim.tiles,
					claim.state.word(),
					amount(claim.credits),
					if claim.void { ", void" } else { "" }
				);
			}
		}
		if self.devices.is_empty() {
			let _ = writeln!(
				out,
				"\nno device: add one with `assay operator add-device {} \"description\"`",
				self.worker.worker
			);
		}
		out.trim_end().into()
	}
}
