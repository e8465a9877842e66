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
	NonTransfer,
	/// Runs an operator's workers: adds and removes workers and devices, rotates hot keys, commits,
	/// reveals and settles. Moves no funds and cannot change where they are paid.
	WorkerOps,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
	fn filter(&self, call: &RuntimeCall) -> bool {
		use pallet_operators::Call as Operators;
		match self {
			Self::Any => true,
			// A list of what is allowed, so that a new pallet is closed until it is thought about.
			// `Proxy` and `Multisig` start with a fresh origin, which would leave the filter behind.
			Self::NonTransfer => match call {
				RuntimeCall::Operators(call) => !matches!(call, Operators::set_payout { .. }),
				RuntimeCall::System(frame_system::Call::remark { .. })
				| RuntimeCall::Session(_)
				| RuntimeCall::ProofOfFlops(_)
				| RuntimeCall::Utility(_) => true,
				_ => false,
			},
			Self::WorkerOps => match call {
				RuntimeCall::Operators(call) => matches!(
					call,
					Operators::add_worker { .. }
						| Operators::rotate_key { .. }
						| Operators::remove_worker { .. }
						| Operators::add_device { .. }
						| Operators::describe_device { .. }
						| Operators::remove_device { .. }
				),
				RuntimeCall::ProofOfFlops(_) => true,
				RuntimeCall::Utility(call) => matches!(
					call,
					pallet_utility::Call::batch { .. }
						| pallet_utility::Call::batch_all { .. }
						| pallet_utility::Call::force_batch { .. }
				),
				_ => false,
			},
		}
	}

	fn is_superset(&self, other: &Self) -> bool {
		match (self, other) {
			(a, b) if a == b => true,
			(Self::Any, _) => true,
			(Self::NonTransfer, Self::WorkerOps) => true,
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
