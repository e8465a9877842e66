//! Workers, their keys and their devices.

use super::{
	super::amount,
	plan::{Context, Plan, Step},
};
use crate::{
	chain::{AccountId, Call},
	Error,
};
use serde_json::{json, Map};

pub(super) async fn add_worker(context: &Context, key: AccountId) -> Result<Plan, Error> {
	let (chain, best) = (&context.chain, context.best);
	if let Some(id) = chain.worker_of(best, &key).await? {
		let worker = chain.worker(best, id).await?;
		if worker.is_some_and(|worker| worker.operator == context.account) {
			let mut extra = Map::new();
			extra.insert("worker".into(), json!(id));
			let because = format!("{key} is the hot key of your worker {id}");
			return Ok(Plan::Nothing { because, extra });
		}
	}
	let deposit = context.terms.worker_deposit;
	let effect =
		format!("adds a worker whose hot key is {key}; holds a deposit of {} ASY", amount(deposit));
	Ok(Step::new(Call::AddWorker { key }, effect).holding(deposit).into())
}

pub(super) async fn rotate_key(
	context: &Context,
	worker: u64,
	key: AccountId,
) -> Result<Plan, Error> {
	if let Some(view) = context.chain.worker(context.best, worker).await? {
		let next = view.next_key.map(|(key, _)| key);
		if next == Some(key) || (next.is_none() && view.key == key) {
			let because =
				format!("{key} signs for worker {worker}, or will from the next round on");
			return Ok(Plan::nothing(because));
		}
	}
	let effect = format!("lets {key} sign for worker {worker}");
	Ok(Step::new(Call::RotateKey { worker, key }, effect).later("with the next round").into())
}

pub(super) async fn remove_worker(context: &Context, worker: u64) -> Result<Plan, Error> {
	if context.chain.worker(context.best, worker).await?.is_none() {
		return Ok(Plan::nothing(format!("there is no worker {worker}")));
	}
	let effect =
		format!("removes worker {worker}, which must have no open obligation and no device");
	Ok(Step::new(Call::RemoveWorker { worker }, effect).into())
}

pub(super) fn add_device(context: &Context, worker: u64, description: String) -> Plan {
	let deposit = context.terms.device_deposit;
	let effect = format!(
		"adds a device to worker {worker}; holds a deposit of {} ASY; its first commitment \
		 reserves {} ASY of what is allocated to flops",
		amount(deposit),
		amount(context.terms.device_stake)
	);
	Step::new(Call::AddDevice { worker, description }, effect).holding(deposit).into()
}

pub(super) async fn describe_device(
	context: &Context,
	worker: u64,
	device: u16,
	description: String,
) -> Result<Plan, Error> {
	let view = context.chain.worker(context.best, worker).await?;
	let is_said = view.is_some_and(|view| {
		view.devices.iter().any(|known| known.device == device && known.description == description)
	});
	if is_said {
		let because = format!("this is what is said about device {device} of worker {worker}");
		return Ok(Plan::nothing(because));
	}
	let effect = format!("changes the description of device {device} of worker {worker}");
	Ok(Step::new(Call::DescribeDevice { worker, device, description }, effect).into())
}

pub(super) async fn remove_device(
	context: &Context,
	worker: u64,
	device: u16,
) -> Result<Plan, Error> {
	let view = context.chain.worker(context.best, worker).await?;
	if !view.is_some_and(|view| view.devices.iter().any(|known| known.device == device)) {
		return Ok(Plan::nothing(format!("there is no device {device} of worker {worker}")));
	}
	let effect = format!("removes device {device} of worker {worker} and returns its deposit");
	Ok(Step::new(Call::RemoveDevice { worker, device }, effect).into())
}

pub(super) async fn release_buffer(
	context: &Context,
	worker: u64,
	device: u16,
) -> Result<Plan, Error> {
	if !context.chain.has_standing(context.best, worker, device).await? {
		let because = format!("device {device} of worker {worker} has no buffer, or it was paid");
		return Ok(Plan::nothing(because));
	}
	let effect =
		format!("pays the buffer of device {device} of worker {worker} to the payout account");
	Ok(Step::new(Call::ReleaseBuffer { worker, device }, effect).into())
}

pub(super) fn top_up(to: AccountId, sent: u128) -> Plan {
	let effect = format!("sends {} ASY to {to}", amount(sent));
	Step::new(Call::Transfer { to, amount: sent }, effect).holding(sent).into()
}
