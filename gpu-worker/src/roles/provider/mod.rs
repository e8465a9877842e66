//! The provider: answers requests of the GPU market, attests that the worker is there, settles its
//! leases, and serves what they give.
//!
//! ```text
//! best block ─▶ offers, leases and presence as the chain has them ─▶ what is due ─▶ transactions
//!                                                                   (duty, pure)
//! ```
//!
//! Everything is asked for again at every best block until the chain shows it. Nothing is remembered
//! that a crash could take: what was signed is in the store, under a purpose that follows from the
//! chain's state.

mod api;
pub mod duty;
mod leases;

pub(crate) use api::SANDBOX;

use super::submitter::{Position, Submitter};
use crate::{
	chain::{Chain, LeaseView, Market, MarketCall},
	config::{Config, ProviderConfig},
	metrics::Metrics,
	stop::Stop,
	Error,
};
use api::Api;
use duty::Step;
use std::collections::BTreeMap;

/// The provider role of one worker.
pub struct Provider {
	worker: u64,
	devices: Vec<u16>,
	submitter: Submitter,
	metrics: Metrics,
	api: Api,
	/// Where to go on looking when there are more leases than can be looked at in one block.
	cursor: Option<u64>,
	/// What was told about each lease last.
	told: BTreeMap<u64, &'static str>,
}

impl Provider {
	/// Begins with the devices that this machine runs, and serves the API of its leases until it is
	/// stopped.
	pub async fn start(
		worker: u64,
		(config, provider): (&Config, &ProviderConfig),
		submitter: Submitter,
		metrics: Metrics,
		genesis: [u8; 32],
		stop: &Stop,
	) -> Result<Self, Error> {
		let api = Api::start(config, provider, genesis, stop).await?;
		let devices = config.devices.iter().map(|(index, _)| *index).collect();
		let told = BTreeMap::new();
		Ok(Self { worker, devices, submitter, metrics, api, cursor: None, told })
	}

	/// Stops jobs of a device while it proves FLOPS, or lets them go on.
	pub fn pause(&self, device: u16, pause: bool) {
		self.api.pause(device, pause);
	}

	/// Does what the state after a best block asks for.
	pub async fn on_best(&mut self, chain: &Chain, position: Position) -> Result<(), Error> {
		let market = chain.market(position.best, self.worker, self.cursor).await?;
		self.tell(&market);
		self.api.known.observe(&market, position);
		self.cursor = market.next;
		for step in duty::due(&market, &self.devices, &self.api.endpoint) {
			let purpose = purpose(&step);
			let call = call(step).into();
			self.submitter.transact(chain, position, &purpose, &call).await?;
		}
		Ok(())
	}

	/// Tells what has changed on chain since the last block.
	fn tell(&mut self, market: &Market) {
		let running = market.presence.map_or(0, |presence| presence.leases);
		self.metrics.leases.set(running.into());
		for LeaseView { id, lease, .. } in &market.leases {
			let word = lease.state.word();
			if self.told.insert(*id, word) != Some(word) {
				let (count, devices) = (lease.count, &lease.devices);
				tracing::info!(lease = id, renter = %lease.renter, count, ?devices, "lease: {word}");
			}
		}
		if self.cursor.is_none() && market.next.is_none() {
			self.told.retain(|id, _| {
				let is_there = market.leases.iter().any(|view| view.id == *id);
				if !is_there {
					tracing::info!(lease = id, "lease: closed");
				}
				is_there
			});
		}
	}
}

fn call(step: Step) -> MarketCall {
	match step {
		Step::Heartbeat { .. } => MarketCall::Heartbeat,
		Step::Ready { lease, devices } => MarketCall::Ready { lease, devices },
		Step::Settle { lease, .. } => MarketCall::Settle { lease },
		Step::Announce { endpoint } => MarketCall::Announce { endpoint: Some(endpoint) },
		Step::Decline { lease } => MarketCall::Decline { lease },
	}
}

/// What a transaction is for: the same as long as the chain has not taken it, another one when the
/// same call is due anew.
fn purpose(step: &Step) -> Vec<u8> {
	match step {
		Step::Heartbeat { last } => [b"market/heartbeat".as_slice(), &last.to_le_bytes()].concat(),
		Step::Ready { lease, .. } => [b"market/ready".as_slice(), &lease.to_le_bytes()].concat(),
		Step::Settle { lease, from, until } => [
			b"market/settle".as_slice(),
			&lease.to_le_bytes(),
			&from.to_le_bytes(),
			&until.to_le_bytes(),
		]
		.concat(),
		Step::Announce { endpoint } => [
			b"market/announce".as_slice(),
			endpoint.certificate.as_ref().map_or(&[][..], |hash| hash),
			endpoint.url.as_bytes(),
		]
		.concat(),
		Step::Decline { lease } => [b"market/decline".as_slice(), &lease.to_le_bytes()].concat(),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn purposes_should_differ_when_the_same_call_is_due_anew() {
		let steps = [
			Step::Heartbeat { last: 1 },
			Step::Heartbeat { last: 2 },
			Step::Ready { lease: 1, devices: vec![0] },
			Step::Ready { lease: 2, devices: vec![0] },
			Step::Settle { lease: 1, from: 1, until: 9 },
			Step::Settle { lease: 1, from: 2, until: 9 },
			Step::Settle { lease: 1, from: 2, until: 8 },
			Step::Decline { lease: 1 },
		];
		let purposes: std::collections::BTreeSet<_> = steps.iter().map(purpose).collect();
		assert_eq!(purposes.len(), steps.len());
		let again = Step::Ready { lease: 1, devices: vec![1] };
		assert_eq!(purpose(&again), purpose(&steps[2]), "a request is taken once");
	}
}
