//! What accounts can do with other accounts: batches, proxies, multisigs.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
	parameter_types,
	traits::{ConstU32, InstanceFilter},
};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

use crate::{deposit, Balance, Balances, OriginCaller, Runtime, RuntimeCall, RuntimeEvent, System};

/// What a proxy may do for the account that named it.
#[derive(
	Clone,
	Copy,
	Debug,
	Decode,
	DecodeWithMemTracking,
	Default,
	Encode,
	Eq,
	MaxEncodedLen,
	Ord,
	PartialEq,
	PartialOrd,
	TypeInfo,
)]
pub enum ProxyType {
	/// Everything.
	#[default]
	Any,
	/// Everything that cannot carry funds away, open another account's rights or widen its own.
	///
	/// It can bond, unbond, withdraw and claim, all of which end at the account or its payout
	/// account. It cannot say where rewards go or what part of them is the operator's, entrust stake
	/// to another operator, or put session keys in place: whoever has those can equivocate and
	/// collect the bounty for proving it.
	NonTransfer,
	/// Runs an operator's workers: adds and removes workers and devices, rotates hot keys, commits,
	/// reveals and settles, serves leases, withdraws offers. Moves neither funds nor stake and cannot change where they go.
	WorkerOps,
	/// Proposes referenda and votes. It can lock the account's tokens for votes and deposits.
	Governance,
	/// Runs an operator's validator: sets its session keys, says that it is there or that it stops.
	/// Whoever does so answers for it with the operator's stake.
	ValidatorOps,
}

impl ProxyType {
	/// Calls of an operator that leave its funds and those of others where they are.
	fn keeps_funds(call: &pallet_operators::Call<Runtime>) -> bool {
		use pallet_operators::Call;
		// `register` and `set_payout` name where rewards go, `set_commission` how much of them goes to
		// delegators, `delegate` and `redelegate` who may lose the account's stake.
		Self::runs_workers(call)
			|| matches!(
				call,
				Call::bond_more { .. }
					| Call::unbond { .. }
					| Call::withdraw { .. }
					| Call::retire { .. }
					| Call::execute_conviction { .. }
					| Call::undelegate { .. }
					| Call::withdraw_delegation { .. }
					| Call::settle_delegation { .. }
					| Call::claim_rewards { .. }
					| Call::allocate { .. }
			)
	}

	/// Calls about an operator's workers and devices.
	fn runs_workers(call: &pallet_operators::Call<Runtime>) -> bool {
		use pallet_operators::Call;
		matches!(
			call,
			Call::add_worker { .. }
				| Call::rotate_key { .. }
				| Call::remove_worker { .. }
				| Call::add_device { .. }
				| Call::describe_device { .. }
				| Call::remove_device { .. }
		)
	}

	/// Calls about leases by which no funds leave the account but those it owes, and nothing of what
	/// it has can be used by somebody else: not those that set prices, rent, or give access.
	fn serves_leases(call: &pallet_gpu_market::Call<Runtime>) -> bool {
		use pallet_gpu_market::Call;
		matches!(
			call,
			Call::withdraw_offer { .. }
				| Call::prune_offer { .. }
				| Call::heartbeat { .. }
				| Call::announce_maintenance { .. }
				| Call::cancel_maintenance { .. }
				| Call::ready { .. }
				| Call::decline { .. }
				| Call::give_notice { .. }
				| Call::settle { .. }
				| Call::release_withheld { .. }
		)
	}

	/// Calls that only carry a list of other calls, each of which the filter sees again.
	fn is_batch(call: &RuntimeCall) -> bool {
		use pallet_utility::Call;
		matches!(
			call,
			RuntimeCall::Utility(
				Call::batch { .. } | Call::batch_all { .. } | Call::force_batch { .. }
			)
		)
	}
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	// Lists of what is allowed, so that a new call is closed until it is thought about. `Proxy` and
	// `Multisig` start with a fresh origin, which would leave the filter behind.
	fn filter(&self, call: &RuntimeCall) -> bool {
		match self {
			Self::Any => true,
			Self::NonTransfer => match call {
				RuntimeCall::Operators(call) => Self::keeps_funds(call),
				RuntimeCall::GpuMarket(pallet_gpu_market::Call::end { .. }) => true,
				RuntimeCall::GpuMarket(call) => Self::serves_leases(call),
				RuntimeCall::System(frame_system::Call::remark { .. })
				| RuntimeCall::ProofOfFlops(_)
				| RuntimeCall::Utility(_) => true,
				call => Self::Governance.filter(call),
			},
			Self::WorkerOps => match call {
				RuntimeCall::Operators(call) => Self::runs_workers(call),
				RuntimeCall::GpuMarket(call) => Self::serves_leases(call),
				RuntimeCall::ProofOfFlops(_) => true,
				call => Self::is_batch(call),
			},
			Self::Governance => match call {
				RuntimeCall::Referenda(_)
				| RuntimeCall::ConvictionVoting(_)
				| RuntimeCall::Preimage(_) => true,
				call => Self::is_batch(call),
			},
			Self::ValidatorOps => match call {
				RuntimeCall::Session(_) => true,
				RuntimeCall::Validators(call) => matches!(
					call,
					pallet_validators::Call::validate { .. }
						| pallet_validators::Call::stop_validating { .. }
						| pallet_validators::Call::remove_keys { .. }
				),
				call => Self::is_batch(call),
			},
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(a, b) if a == b => true,
			(Self::Any, _) => true,
			(Self::NonTransfer, Self::WorkerOps | Self::Governance) => true,
			_ => false,
		}
	}
}

parameter_types! {
	pub const ProxyDepositBase: Balance = deposit(1, 8);
	pub const ProxyDepositFactor: Balance = deposit(0, 33);
	pub const AnnouncementDepositBase: Balance = deposit(1, 8);
	pub const AnnouncementDepositFactor: Balance = deposit(0, 68);
	pub const MultisigDepositBase: Balance = deposit(1, 88);
	pub const MultisigDepositFactor: Balance = deposit(0, 32);
}

impl pallet_proxy::Config for Runtime {
	type AnnouncementDepositBase = AnnouncementDepositBase;
	type AnnouncementDepositFactor = AnnouncementDepositFactor;
	type BlockNumberProvider = System;
	type CallHasher = BlakeTwo256;
	type Currency = Balances;
	type MaxPending = ConstU32<32>;
	type MaxProxies = ConstU32<32>;
	type ProxyDepositBase = ProxyDepositBase;
	type ProxyDepositFactor = ProxyDepositFactor;
	type ProxyType = ProxyType;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
}

impl pallet_utility::Config for Runtime {
	type PalletsOrigin = OriginCaller;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_utility::weights::SubstrateWeight<Runtime>;
}

impl pallet_multisig::Config for Runtime {
	type BlockNumberProvider = System;
	type Currency = Balances;
	type DepositBase = MultisigDepositBase;
	type DepositFactor = MultisigDepositFactor;
	type MaxSignatories = ConstU32<100>;
	type RuntimeCall = RuntimeCall;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
}
