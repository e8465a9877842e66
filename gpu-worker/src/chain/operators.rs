//! Reading what operators, delegators and validators have at stake.

use super::{
	failed,
	queries::activity,
	runtime::{
		self,
		runtime_types::{
			pallet_operators::types as operators, pallet_validators::types as validators,
		},
	},
	AccountId, AllocationView, Candidacy, Chain, ConvictionView, DelegationView, Error, Head,
	OperatorView, Pending, Service, ValidatorView,
};
use subxt::{storage::Address, OnlineClientAtBlock, SubstrateConfig};

type At = OnlineClientAtBlock<SubstrateConfig>;

/// Constants and parameters of the chain that people want to know. Amounts are in units of
/// 10⁻¹² ASY, delays in blocks, shares in parts in a million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
	/// Bond that registering takes.
	pub minimum_bond: u128,
	/// Least stake of a delegator with an operator.
	pub minimum_delegation: u128,
	/// Least own bond of a validator.
	pub minimum_self_bond: u128,
	/// Stake that is reserved for every device that commits.
	pub device_stake: u128,
	/// Deposit for every worker.
	pub worker_deposit: u128,
	/// Deposit for every device.
	pub device_deposit: u128,
	/// Deposit for session keys.
	pub key_deposit: u128,
	/// Least balance of an account that exists.
	pub existential_deposit: u128,
	/// From unbonding to withdrawal, and from announcing a cut of an allocation to the cut.
	pub unbonding_blocks: u32,
	/// From announcing a raise of an allocation to the raise.
	pub allocation_blocks: u32,
	/// From announcing a raise of the commission to the raise.
	pub commission_blocks: u32,
	/// The highest commission.
	pub max_commission_ppm: u32,
	/// The most by which one announcement may raise the commission.
	pub max_commission_raise_ppm: u32,
	/// Length of a session.
	pub session_blocks: u32,
	/// Length of a slot in milliseconds: the least time from one block to the next.
	pub slot_ms: u64,
}

impl Chain {
	/// An operator.
	pub async fn operator(
		&self,
		head: Head,
		operator: &AccountId,
	) -> Result<Option<OperatorView>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().operators().operator_status(*operator);
		let view = self.view(&at, "status of an operator", view).await?;
		Ok(view.map(|view| OperatorView {
			operator: *operator,
			payout: view.payout,
			activity: activity(&view.activity),
			retiring: matches!(view.activity, operators::Activity::Retiring),
			bonded: view.bonded,
			unbonding: view.unbonding,
			delegated: view.delegated,
			stake: view.stake,
			active: view.active,
			reserved: view.reserved,
			withdrawable: view.withdrawable,
			next_due: view.next_due,
			escrowed: view.escrowed,
			escrowed_delegated: view.escrowed_delegated,
			allocations: view
				.allocations
				.iter()
				.map(|allocation| AllocationView {
					service: service(&allocation.service),
					allocated: allocation.allocated,
					reserved: allocation.reserved,
					free: allocation.free,
					pending: allocation
						.pending
						.as_ref()
						.map(|change| Pending { ppm: change.share_ppm, due: change.due }),
				})
				.collect(),
			commission_ppm: view.commission_ppm,
			pending_commission: view.pending_commission.map(|(ppm, due)| Pending { ppm, due }),
			rewards: view.rewards,
			delegators: view.delegators,
			workers: view.workers,
			convictions: view.convictions,
		}))
	}

	/// What a delegator has with an operator, if anything.
	pub async fn delegation(
		&self,
		head: Head,
		operator: &AccountId,
		delegator: &AccountId,
	) -> Result<Option<DelegationView>, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().operators().delegation_status(*operator, *delegator);
		let view = self.view(&at, "status of a delegation", view).await?;
		Ok(view.map(|view| DelegationView {
			active: view.active,
			joining: view.joining,
			leaving: view.leaving,
			withdrawable: view.withdrawable,
			next_due: view.next_due,
			rewards: view.rewards,
		}))
	}

	/// A conviction that is neither executed nor cancelled.
	pub async fn conviction(&self, head: Head, id: u64) -> Result<Option<ConvictionView>, Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().operators().convictions();
		let storage = at.storage();
		let value = self.within("conviction", storage.try_fetch(entry, (id,))).await?;
		let Some(value) = value else { return Ok(None) };
		let record = value.decode().map_err(|error| failed("conviction", &error))?;
		Ok(Some(ConvictionView {
			operator: record.operator,
			service: service(&record.service),
			amount: record.own.saturating_add(record.delegated),
			bounty: record.bounty,
			execute_at: record.execute_at,
		}))
	}

	/// Whether a device of a worker has anything with proof of FLOPS: claims, or a buffer.
	pub async fn has_standing(&self, head: Head, worker: u64, device: u16) -> Result<bool, Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().proof_of_flops().standings();
		let storage = at.storage();
		let value =
			self.within("standing of a device", storage.try_fetch(entry, (worker, device))).await?;
		Ok(value.is_some())
	}

	/// An account as the election of validators sees it.
	pub async fn validator(&self, head: Head, account: &AccountId) -> Result<ValidatorView, Error> {
		let at = self.at(head).await?;
		let view = runtime::view_functions().validators().validator_status(*account);
		let view = self.view(&at, "status of a validator", view).await?;
		Ok(ValidatorView {
			candidacy: candidacy(view.candidate.as_ref()),
			has_keys: view.has_keys,
			weight: view.stake.weight,
			own: view.stake.own,
			elected: view.elected,
			serving: view.serving.is_some(),
			serving_next: view.next.is_some(),
			disabled: view.disabled,
			blocks: view.blocks,
			earned: if view.void { 0 } else { view.earned },
		})
	}

	/// The session keys that an account has set, as the runtime encodes them.
	pub async fn session_keys(
		&self,
		head: Head,
		account: &AccountId,
	) -> Result<Option<Vec<u8>>, Error> {
		let at = self.at(head).await?;
		let entry = runtime::storage().session().next_keys();
		let storage = at.storage();
		let value = self.within("session keys", storage.try_fetch(entry, (*account,))).await?;
		Ok(value.map(|value| value.into_bytes()))
	}

	/// Index of the running session.
	pub async fn session(&self, head: Head) -> Result<u32, Error> {
		let at = self.at(head).await?;
		let index = self.parameter(&at, runtime::storage().session().current_index()).await?;
		Ok(index.unwrap_or_default())
	}

	/// Constants and parameters of the chain.
	pub async fn terms(&self, head: Head) -> Result<Terms, Error> {
		let at = self.at(head).await?;
		let constants = at.constants();
		let broken = |error: subxt::error::ConstantError| failed("constants", &error);
		let of = runtime::constants;
		let stored = runtime::storage;
		let minimum_self_bond = stored().validators().minimum_self_bond();
		let allocation_delay = stored().operators().allocation_delay();
		let epoch_length = stored().timing().epoch_length();
		Ok(Terms {
			minimum_bond: constants.entry(of().operators().minimum_bond()).map_err(broken)?,
			minimum_delegation: constants
				.entry(of().operators().minimum_delegation())
				.map_err(broken)?,
			minimum_self_bond: self.parameter(&at, minimum_self_bond).await?.unwrap_or_default(),
			device_stake: constants.entry(of().proof_of_flops().device_stake()).map_err(broken)?,
			worker_deposit: constants.entry(of().operators().worker_deposit()).map_err(broken)?,
			device_deposit: constants.entry(of().operators().device_deposit()).map_err(broken)?,
			key_deposit: constants.entry(of().session().key_deposit()).map_err(broken)?,
			existential_deposit: constants
				.entry(of().balances().existential_deposit())
				.map_err(broken)?,
			unbonding_blocks: constants
				.entry(of().operators().unbonding_delay())
				.map_err(broken)?,
			allocation_blocks: self.parameter(&at, allocation_delay).await?.unwrap_or_default(),
			commission_blocks: constants
				.entry(of().operators().commission_delay())
				.map_err(broken)?,
			max_commission_ppm: constants
				.entry(of().operators().max_commission())
				.map_err(broken)?,
			max_commission_raise_ppm: constants
				.entry(of().operators().max_commission_raise())
				.map_err(broken)?,
			session_blocks: self
				.parameter(&at, epoch_length)
				.await?
				.and_then(|slots: u64| u32::try_from(slots).ok())
				.unwrap_or(u32::MAX),
			slot_ms: constants.entry(of().babe().expected_block_time()).map_err(broken)?,
		})
	}

	/// A stored value that is no map.
	async fn parameter<A: Address<KeyParts = ()>>(
		&self,
		at: &At,
		entry: A,
	) -> Result<Option<A::Value>, Error> {
		let storage = at.storage();
		let value = self.within("parameters", storage.try_fetch(entry, ())).await?;
		value.map(|value| value.decode()).transpose().map_err(|error| failed("parameters", &error))
	}
}

impl From<Service> for operators::Service {
	fn from(service: Service) -> Self {
		match service {
			Service::Consensus => Self::Consensus,
			Service::Flops => Self::Flops,
			Service::Market => Self::Market,
			Service::Jobs => Self::Jobs,
			Service::Data => Self::Data,
		}
	}
}

fn service(service: &operators::Service) -> Service {
	match service {
		operators::Service::Consensus => Service::Consensus,
		operators::Service::Flops => Service::Flops,
		operators::Service::Market => Service::Market,
		operators::Service::Jobs => Service::Jobs,
		operators::Service::Data => Service::Data,
	}
}

fn candidacy(state: Option<&validators::CandidateState>) -> Candidacy {
	use validators::{CandidateState, PutOutReason};
	match state {
		None => Candidacy::None,
		Some(CandidateState::Ready) => Candidacy::Ready,
		Some(CandidateState::PutOut { reason: PutOutReason::MissedBlocks, session }) => {
			Candidacy::Silent(*session)
		}
		Some(CandidateState::PutOut { reason: PutOutReason::Equivocation, session }) => {
			Candidacy::Equivocated(*session)
		}
	}
}
