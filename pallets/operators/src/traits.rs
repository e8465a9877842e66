//! What other pallets see of this one, and what this one asks of them.

use crate::types::{ConsensusStake, DeviceIndex, Fault, Obligation, Service, Share, WorkerId};
use frame_support::dispatch::{DispatchResult, RawOrigin};
use sp_runtime::DispatchError;

/// Who works for whom.
pub trait Workers<AccountId> {
	/// The worker whose hot key signed `origin`.
	///
	/// Holds for workers of a retiring operator too, because they still owe openings; ask
	/// [`Workers::is_active`] before anything new is begun.
	fn ensure_worker<Origin>(origin: Origin) -> Result<WorkerId, DispatchError>
	where
		Origin: Into<Result<RawOrigin<AccountId>, Origin>>;

	/// The worker for which `key` signs in the current round. `None` for a key that was rotated
	/// away or is not effective yet.
	fn worker_of(key: &AccountId) -> Option<WorkerId>;

	/// The key that signs for `worker` in the current round.
	fn key_of(worker: WorkerId) -> Option<AccountId>;

	/// The operator of `worker`. `None` once the worker was removed.
	fn operator_of(worker: WorkerId) -> Option<AccountId>;

	/// The account to which the rewards of `operator` go.
	fn payout_of(operator: &AccountId) -> Option<AccountId>;

	/// Whether `worker` has a device of this index at present.
	fn device_exists(worker: WorkerId, device: DeviceIndex) -> bool;

	/// Whether `worker` may begin new work: its operator is not retiring, its own bond is not
	/// below the minimum, and it covers what is reserved and its part for the validators.
	fn is_active(worker: WorkerId) -> bool;
}

/// Stake that backs obligations, and what becomes of it when one of them is broken.
///
/// Every change happens in full or not at all. Nobody but the pallets that are given this trait
/// can take stake; no origin can.
pub trait Security<AccountId, Balance, BlockNumber> {
	/// Sets `amount` of what is free in the operator's allocation to `service` aside for one
	/// obligation.
	fn reserve(
		operator: &AccountId,
		service: Service,
		obligation: Obligation,
		amount: Balance,
	) -> DispatchResult;

	/// Gives the reservation of an obligation that is final back to the allocation.
	fn release(operator: &AccountId, service: Service, obligation: Obligation) -> DispatchResult;

	/// What is reserved for the obligation; zero when nothing is.
	fn reserved(operator: &AccountId, service: Service, obligation: Obligation) -> Balance;

	/// What could be reserved in `service` now; zero for an operator that may begin nothing new.
	fn free_stake(operator: &AccountId, service: Service) -> Balance;

	/// Takes the whole reservation into escrow and returns its amount.
	///
	/// `prover` is who proved the fault. It earns a bounty unless the fault is one of silence or
	/// it is related to the operator; then the whole amount will be burnt.
	fn convict(
		operator: &AccountId,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		prover: Option<&AccountId>,
	) -> Result<Balance, DispatchError>;

	/// The block of the operator's last conviction in `service`: every reward for work committed
	/// at or before it and not yet final is void.
	fn voided_at(operator: &AccountId, service: Service) -> Option<BlockNumber>;
}

/// The stake that elects validators, answers for their blocks and is paid for them.
pub trait Staking<AccountId, Balance> {
	/// The operator's stake in `Service::Consensus` as of now. Everything is zero for an account
	/// that is no operator or may begin nothing new: it is not eligible.
	fn consensus_stake(operator: &AccountId) -> ConsensusStake<Balance>;

	/// Takes `amount` of the operator's allocation to `Service::Consensus` into escrow for an
	/// equivocation in `session`, and voids its rewards there.
	///
	/// Never fails. Returns what was taken: less than `amount` where less is allocated.
	fn convict_consensus(
		operator: &AccountId,
		session: u32,
		amount: Balance,
		prover: Option<&AccountId>,
	) -> Balance;

	/// Distributes the income of a session, which lies in the rewards account already, by the
	/// stake that the operator had in that session.
	fn reward(operator: &AccountId, session: u32, amount: Balance, stake: &ConsensusStake<Balance>);

	/// The account out of which rewards are claimed.
	fn rewards_account() -> AccountId;
}

/// The ledger of what is in use on each device, shared by everything that sells devices.
pub trait Occupancy {
	/// Occupies `share` thousandths of a device, on top of what is occupied.
	fn occupy(worker: WorkerId, device: DeviceIndex, share: Share) -> DispatchResult;

	/// Frees `share` thousandths of a device.
	fn release(worker: WorkerId, device: DeviceIndex, share: Share) -> DispatchResult;

	/// How many thousandths of a device are occupied; zero for an unknown one.
	fn occupied(worker: WorkerId, device: DeviceIndex) -> Share;
}

/// The clock of key rotation, provided by proof of FLOPS.
pub trait Rounds {
	/// The number of the last round that was opened; zero before the first.
	fn current_round() -> u32;
}

impl Rounds for () {
	fn current_round() -> u32 {
		0
	}
}

/// Asked before a worker's record is deleted, because whoever still owes it something will need
/// its operator. `()` answers that nothing is open.
pub trait OpenObligations {
	/// Whether anything still has to be settled with `worker`, such as a buffer of credits.
	fn has_open_obligations(worker: WorkerId) -> bool;
}

impl<A: OpenObligations, B: OpenObligations> OpenObligations for (A, B) {
	fn has_open_obligations(worker: WorkerId) -> bool {
		A::has_open_obligations(worker) || B::has_open_obligations(worker)
	}
}

impl OpenObligations for () {
	fn has_open_obligations(_worker: WorkerId) -> bool {
		false
	}
}

/// Makes a worker of an operator with the given hot key for other pallets' benchmarks.
pub trait BenchmarkWorkers<AccountId> {
	/// Registers an operator that is bonded for `devices` many reservations of `stake_per_device`
	/// (raw units), with one worker that has `devices` devices, and returns both.
	fn create_worker(
		key: AccountId,
		devices: DeviceIndex,
		stake_per_device: u128,
	) -> (AccountId, WorkerId);
}
