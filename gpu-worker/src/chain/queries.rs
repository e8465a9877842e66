//! Reading the state of the chain at a block.

use super::{
	failed,
	runtime::{
		self,
		runtime_types::{
			assay_flops::round as rules, pallet_operators::types as operators,
			pallet_proof_of_flops::types as flops,
		},
	},
	AccountId, Chain, Claim, ClaimState, DeviceView, Error, Head, Phase, Round, Snapshot, Status,
	WorkerView,
};
use assay_flops::Sample;
use codec::{Decode, Encode};
use subxt::{
	ext::{frame_decode::view_functions::decode_view_function_response, scale_decode::IntoVisitor},
	view_functions::Payload,
	OnlineClientAtBlock, SubstrateConfig,
};

type At = OnlineClientAtBlock<SubstrateConfig>;

/// Asset id of the FLOPS credits.
const CREDITS: u32 = 1;

impl Chain {
	/// Everything that a worker's roles need to know of a block.
	pub async fn snapshot(
		&self,
		head: Head,
		worker: u64,
		devices: &[u16],
	) -> Result<Snapshot, Error> {
		let at = self.at(head).await?;
		let mut statuses = Vec::with_capacity(devices.len());
		for device in devices {
			statuses.push(self.status_at(&at, worker, *device).await?);
		}
		Ok(Snapshot { head, round: self.round_at(&at).await?, devices: statuses })
	}

	/// The current round.
	pub async fn round(&self, head: Head) -> Result<Option<Round>, Error> {
		self.round_at(&self.at(head).await?).await
	}

	async fn round_at(&self, at: &At) -> Result<Option<Round>, Error> {
		let view = runtime::view_functions().proof_of_flops().round();
		let view = self.view(at, "current round", view).await?;
		Ok(view.map(round))
	}

	/// All about one device.
	pub async fn status(&self, head: Head, worker: u64, device: u16) -> Result<Status, Error> {
		self.status_at(&self.at(head).await?, worker, device).await
	}

	async fn status_at(&self, at: &At, worker: u64, device: u16) -> Result<Status, Error> {
		let view = runtime::view_functions().proof_of_flops().status(worker, device);
		let view = self.view(at, "status of a device", view).await?;
		Ok(status(view))
	}

	/// The worker for which a hot key signs.
	pub async fn worker_of(&self, head: Head, key: &AccountId) -> Result<Option<u64>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().operators().worker_of_key(*key);
		self.view(&at, "worker of a key", view).await
	}

	/// A worker and its devices.
	pub async fn worker(&self, head: Head, worker: u64) -> Result<Option<WorkerView>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().operators().worker_status(worker);
		let view = self.view(&at, "status of a worker", view).await?;
		Ok(view.map(|view| WorkerView {
			worker,
			operator: view.operator,
			activity: activity(&view.activity),
			key: view.key,
			next_key: view.next_key.map(|next| (next.key, next.from_round)),
			devices: view
				.devices
				.into_iter()
				.map(|device| DeviceView {
					device: device.device,
					description: String::from_utf8_lossy(&device.description).into_owned(),
					occupied: device.occupied,
					reservations: device.reservations,
				})
				.collect(),
		}))
	}

	/// The numbers of an operator's workers.
	pub async fn workers_of(&self, head: Head, operator: &AccountId) -> Result<Vec<u64>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().operators().workers_of(*operator);
		self.view(&at, "workers of an operator", view).await
	}

	/// What an account can spend on fees, in units of 10⁻¹² ASY.
	pub async fn balance(&self, head: Head, account: &AccountId) -> Result<u128, Error> {
		Ok(self.account(head, account).await?.0)
	}

	/// The nonce of an account as of a block, without what waits in the node's pool.
	pub async fn nonce(&self, head: Head, account: &AccountId) -> Result<u64, Error> {
		Ok(self.account(head, account).await?.1)
	}

	async fn account(&self, head: Head, account: &AccountId) -> Result<(u128, u64), Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().system().account();
		let storage = at.storage();
		let value = self.within("account", storage.try_fetch(entry, (*account,))).await?;
		let Some(value) = value else { return Ok((0, 0)) };
		let info = value.decode().map_err(|error| failed("account", &error))?;
		Ok((info.data.free.saturating_sub(info.data.frozen), info.nonce.into()))
	}

	/// Credits of an account, in units of 10⁻¹² credits.
	pub async fn credits(&self, head: Head, account: &AccountId) -> Result<u128, Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().assets().account();
		let storage = at.storage();
		let value = self.within("credits", storage.try_fetch(entry, (CREDITS, *account))).await?;
		let Some(value) = value else { return Ok(0) };
		Ok(value.decode().map_err(|error| failed("credits", &error))?.balance)
	}

	/// The chain's clock in milliseconds since 1970.
	pub async fn timestamp_ms(&self, head: Head) -> Result<u64, Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().timestamp().now();
		let storage = at.storage();
		let value = self.within("time of a block", storage.try_fetch(entry, ())).await?;
		let Some(value) = value else { return Ok(0) };
		value.decode().map_err(|error| failed("time of a block", &error))
	}

	/// Calls a view function.
	///
	/// The runtime API takes the function's id and its arguments as one byte vector, and returns a
	/// result over bytes. `subxt` 0.51 leaves the vector's length and the result's tag out, so only
	/// its encoding of the arguments and its decoding of the value are used here.
	pub(super) async fn view<P: Payload>(
		&self,
		at: &At,
		doing: &'static str,
		payload: P,
	) -> Result<P::ReturnType, Error> {
		const ID_BYTES: usize = 32;
		let functions = at.view_functions();
		functions.validate(&payload).map_err(|error| failed(doing, &error))?;
		let flat = functions.encode_args(&payload).map_err(|error| failed(doing, &error))?;
		let (id, arguments) =
			flat.split_at_checked(ID_BYTES).ok_or_else(|| failed(doing, &ViewFailure::Codec))?;
		let mut parameters = id.to_vec();
		arguments.encode_to(&mut parameters);
		let answer = self.within(doing, functions.call_raw(Some(&parameters))).await?;
		let answer = Result::<Vec<u8>, ViewFailure>::decode(&mut answer.as_slice())
			.map_err(|error| failed(doing, &error))?
			// Validation has found the function, so the runtime has it: this is another runtime.
			.map_err(|error| Error::Incompatible(error.to_string()))?;
		let metadata = at.metadata_ref();
		decode_view_function_response(
			payload.pallet_name(),
			payload.function_name(),
			&mut answer.as_slice(),
			metadata,
			metadata.types(),
			P::ReturnType::into_visitor(),
		)
		.map_err(|error| Error::Incompatible(error.to_string()))
	}
}

/// Why the runtime did not run a view function.
#[derive(Debug, Decode, thiserror::Error)]
enum ViewFailure {
	#[error("the runtime has no view functions")]
	NotImplemented,
	#[error("the runtime has no such view function")]
	NotFound([u8; 32]),
	#[error("the runtime cannot decode the arguments")]
	Codec,
}

pub(super) fn activity(activity: &operators::Activity) -> &'static str {
	match activity {
		operators::Activity::Active => "active",
		operators::Activity::BondBelowMinimum => "bond below the minimum",
		operators::Activity::Overcommitted => {
			"more is reserved than the bond backs beside its part of consensus"
		}
		operators::Activity::Retiring => "retiring",
	}
}

fn round(view: flops::RoundView) -> Round {
	Round {
		index: view.index,
		phase: match view.phase {
			rules::Phase::Working => Phase::Work,
			rules::Phase::Committing => Phase::Commit,
			rules::Phase::Waiting => Phase::Sampling,
			rules::Phase::Revealing => Phase::Reveal,
			rules::Phase::Settling => Phase::Idle,
		},
		opened_at: view.opened_at,
		beacon: view.beacon.0,
		commit_from: view.commit_from,
		commit_until: view.commit_until,
		sampled_at: view.sampled_at,
		reveal_until: view.reveal_until,
		next_from: view.next_from,
		commitments: view.turnout.covered.saturating_add(view.turnout.uncovered),
	}
}

fn claim(view: flops::ClaimView) -> Claim {
	Claim {
		round: view.claim.round,
		tiles: view.claim.tiles,
		root: view.claim.root.0,
		committed_at: view.claim.committed_at,
		seed: view.seed.0,
		state: match view.state {
			flops::ClaimState::AwaitsSample { sampled_at } => {
				ClaimState::AwaitsSample { sampled_at }
			}
			flops::ClaimState::OpeningDue { until, samples } => ClaimState::OpeningDue {
				until,
				samples: samples
					.into_iter()
					.map(|sample| Sample { leaf: sample.leaf, column: sample.column })
					.collect(),
			},
			flops::ClaimState::Opened => ClaimState::Opened,
			flops::ClaimState::NotDrawn => ClaimState::NotDrawn,
			flops::ClaimState::Overdue => ClaimState::Overdue,
			flops::ClaimState::Unsampled => ClaimState::Unsampled,
		},
		credits: view.credits,
		void: view.void,
	}
}

fn status(view: flops::Status<AccountId>) -> Status {
	use flops::NextStep;
	let eligible = match &view.next {
		NextStep::Register => Err("there is no such worker, or no such device of it"),
		NextStep::BondMore => {
			Err("too little of the stake that is allocated to flops is free for the reservation")
		}
		NextStep::Inactive => Err(
			"the operator is retiring, its bond is below the minimum, or its delegators have left \
			 with stake that open obligations need",
		),
		_ => Ok(()),
	};
	let settle = match &view.next {
		NextStep::Settle { round } => Some(*round),
		_ => None,
	};
	let next = match view.next {
		NextStep::Register => "register: the chain knows no such device".to_string(),
		NextStep::Inactive => {
			"raise the bond: it is below the minimum or below what is reserved, or the operator \
			 retires"
				.into()
		}
		NextStep::BondMore => {
			"raise the allocation to flops or the bond: too little of it is free \
		                       for the reservation"
				.into()
		}
		NextStep::AwaitRound => "wait for a round to open".into(),
		NextStep::Work { round, commit_from, .. } => {
			format!("compute tiles of round {round} until block {commit_from}")
		}
		NextStep::Commit { round, commit_until } => {
			format!("commit in round {round} before block {commit_until}")
		}
		NextStep::AwaitSample { round, sampled_at } => {
			format!("wait for the sample of round {round} in block {sampled_at}")
		}
		NextStep::Reveal { round, until } => {
			format!("open the samples of round {round} before block {until}")
		}
		NextStep::Settle { round } => format!("settle the claim of round {round}"),
	};
	Status {
		worker: view.worker,
		device: view.device,
		operator: view.operator,
		payout: view.payout,
		eligible,
		next,
		settle,
		outcome: view.outcome.map(|(round, outcome)| (round, outcome_sentence(&outcome))),
		capacity: view.capacity,
		multiplier: view.multiplier.0,
		buffer: view.buffer,
		required: view.required,
		expected_credits: view.expected_credits,
		covered: view.covered,
		claims: view.pending.into_iter().map(claim).collect(),
	}
}

fn outcome_sentence(outcome: &flops::Outcome) -> &'static str {
	use flops::Outcome;
	match outcome {
		Outcome::Paid => "paid",
		Outcome::Buffered => "credited into the buffer, which is not full yet",
		Outcome::Uncovered => "not paid: not drawn, and not covered by the buffer",
		Outcome::Unsampled => "not paid: the round was never sampled",
		Outcome::Voided => "void: another device of the operator was convicted",
		Outcome::WrongOpening => "convicted: an opening was wrong",
		Outcome::MissedOpening => "convicted: the claim was not opened in time",
	}
}
