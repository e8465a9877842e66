#![doc = include_str!("../README.md")]
#![cfg_attr(not(feature = "std"), no_std)]
// `construct_runtime!` expands to deeply nested types.
#![recursion_limit = "512"]
// The runtime macro expands to items of this module that it does not document.
#![allow(missing_docs)]

#[cfg(feature = "std")]
include!(concat!(env!("OUT_DIR"), "/wasm_binary.rs"));

extern crate alloc;

// Before the others: the macros that it defines are visible below.
#[cfg(feature = "runtime-benchmarks")]
#[macro_use]
mod benchmarks;
pub mod apis;
pub mod configs;
pub mod genesis;
pub mod operational;
pub mod origins;
#[cfg(test)]
mod tests;
pub mod timing;
pub mod weights;

use alloc::{borrow::Cow, vec::Vec};
use sp_runtime::{
	generic, impl_opaque_keys,
	traits::{BlakeTwo256, IdentifyAccount, Verify},
	MultiAddress, MultiSignature,
};
use sp_version::RuntimeVersion;

use operational::CheckOperational;

/// Types that need no knowledge of the runtime's calls, for the node.
pub mod opaque {
	use super::*;
	pub use sp_runtime::OpaqueExtrinsic as UncheckedExtrinsic;

	/// Block header.
	pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
	/// Block whose extrinsics are bytes.
	pub type Block = generic::Block<Header, UncheckedExtrinsic>;
	/// Identifier of a block: its hash or its number.
	pub type BlockId = generic::BlockId<Block>;
}

impl_opaque_keys! {
	/// The keys with which a validator takes part in consensus.
	pub struct SessionKeys {
		/// Signs and claims blocks.
		pub babe: Babe,
		/// Votes for finality.
		pub grandpa: Grandpa,
	}
}

/// What this runtime is and with what it is compatible.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: Cow::Borrowed("assay"),
	impl_name: Cow::Borrowed("assay"),
	authoring_version: 1,
	spec_version: 1,
	impl_version: 1,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// Signature of a transaction: sr25519, ed25519 or ECDSA.
pub type Signature = MultiSignature;
/// Account: the public key, or its hash for ECDSA.
pub type AccountId = <<Signature as Verify>::Signer as IdentifyAccount>::AccountId;
/// Number of native tokens in units of 10⁻¹² ASY, and of credits in units of 10⁻¹² FLOPS.
pub type Balance = u128;
/// Number of transactions that an account has sent.
pub type Nonce = u32;
/// Hash of a block, an extrinsic or a call.
pub type Hash = sp_core::H256;
/// Height of a block.
pub type BlockNumber = u32;
/// How an account is named in a transaction.
pub type Address = MultiAddress<AccountId, ()>;
/// Block header.
pub type Header = generic::Header<BlockNumber, BlakeTwo256>;
/// Block.
pub type Block = generic::Block<Header, UncheckedExtrinsic>;
/// What every signed transaction is checked for. All of them are known to the common clients.
pub type TxExtension = (
	frame_system::AuthorizeCall<Runtime>,
	frame_system::CheckNonZeroSender<Runtime>,
	frame_system::CheckSpecVersion<Runtime>,
	frame_system::CheckTxVersion<Runtime>,
	frame_system::CheckGenesis<Runtime>,
	frame_system::CheckEra<Runtime>,
	frame_system::CheckNonce<Runtime>,
	CheckOperational,
	frame_system::CheckWeight<Runtime>,
	pallet_transaction_payment::ChargeTransactionPayment<Runtime>,
	frame_metadata_hash_extension::CheckMetadataHash<Runtime>,
	frame_system::WeightReclaim<Runtime>,
);
/// Extrinsic as it stands in a block.
pub type UncheckedExtrinsic =
	generic::UncheckedExtrinsic<Address, RuntimeCall, Signature, TxExtension>;
/// What a transaction's signature covers.
pub type SignedPayload = generic::SignedPayload<RuntimeCall, TxExtension>;
/// Applies blocks to the state.
pub type Executive = frame_executive::Executive<
	Runtime,
	Block,
	frame_system::ChainContext<Runtime>,
	Runtime,
	AllPalletsWithSystem,
>;

/// One ASY, the native token, in the smallest unit.
pub const ASY: Balance = 1_000_000_000_000;
/// A thousandth of an ASY.
pub const MILLI_ASY: Balance = ASY / 1_000;
/// A millionth of an ASY.
pub const MICRO_ASY: Balance = MILLI_ASY / 1_000;
/// The least balance of an account that exists.
pub const EXISTENTIAL_DEPOSIT: Balance = MILLI_ASY;

/// Deposit for `items` storage items of `bytes` bytes in all: 1 GiB of state costs more than
/// 10 million ASY.
pub const fn deposit(items: u32, bytes: u32) -> Balance {
	(items as Balance) * 100 * MILLI_ASY + (bytes as Balance) * 10 * MILLI_ASY
}

#[frame_support::runtime]
mod runtime {
	/// The Assay runtime.
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeFreezeReason,
		RuntimeHoldReason,
		RuntimeSlashReason,
		RuntimeLockId,
		RuntimeTask,
		RuntimeViewFunction
	)]
	pub struct Runtime;

	// Consensus and the frame: 0-9.
	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(1)]
	pub type Timing = crate::timing;
	#[runtime::pallet_index(2)]
	pub type Timestamp = pallet_timestamp;
	#[runtime::pallet_index(3)]
	pub type Babe = pallet_babe;
	#[runtime::pallet_index(4)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(6)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(7)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(8)]
	pub type Grandpa = pallet_grandpa;

	// Money: 10-19.
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(11)]
	pub type TransactionPayment = pallet_transaction_payment;
	#[runtime::pallet_index(12)]
	pub type Assets = pallet_assets;
	#[runtime::pallet_index(13)]
	pub type AssetsHolder = pallet_assets_holder;

	// Assay: 20-39.
	#[runtime::pallet_index(20)]
	pub type Beacon = pallet_beacon;
	#[runtime::pallet_index(21)]
	pub type Operators = pallet_operators;
	#[runtime::pallet_index(22)]
	pub type ProofOfFlops = pallet_proof_of_flops;
	#[runtime::pallet_index(23)]
	pub type Validators = pallet_validators;
	#[runtime::pallet_index(24)]
	pub type GpuMarket = pallet_gpu_market;

	// Accounts: 40-49.
	#[runtime::pallet_index(40)]
	pub type Utility = pallet_utility;
	#[runtime::pallet_index(41)]
	pub type Proxy = pallet_proxy;
	#[runtime::pallet_index(42)]
	pub type Multisig = pallet_multisig;

	// Governance: 50-59.
	#[runtime::pallet_index(50)]
	pub type Preimage = pallet_preimage;
	#[runtime::pallet_index(51)]
	pub type Scheduler = pallet_scheduler;
	#[runtime::pallet_index(52)]
	pub type Referenda = pallet_referenda;
	#[runtime::pallet_index(53)]
	pub type ConvictionVoting = pallet_conviction_voting;
	#[runtime::pallet_index(54)]
	pub type Origins = crate::origins;
	#[runtime::pallet_index(55)]
	pub type TxPause = pallet_tx_pause;
	#[runtime::pallet_index(59)]
	pub type Sudo = pallet_sudo;
}

/// The runtime's metadata (version 16, SCALE-encoded), from which clients are generated.
#[cfg(feature = "std")]
pub fn metadata_bytes() -> Vec<u8> {
	use sp_runtime::BuildStorage;
	let mut externalities = sp_io::TestExternalities::new(
		frame_system::GenesisConfig::<Runtime>::default().build_storage().unwrap_or_default(),
	);
	externalities.execute_with(|| {
		Runtime::metadata_at_version(16).map(|opaque| (*opaque).clone()).unwrap_or_default()
	})
}
