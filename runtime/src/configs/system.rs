//! `frame_system` and the timestamp.

use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU16, ConstU32, Contains, InsideBoth},
	weights::constants::ParityDbWeight,
};
use frame_system::limits::BlockLength;
use sp_runtime::{
	traits::{AccountIdLookup, BlakeTwo256},
	Perbill,
};
use sp_version::RuntimeVersion;

use crate::{
	timing, AccountId, Babe, Balance, Block, BlockNumber, Hash, Nonce, PalletInfo, Runtime,
	RuntimeCall, RuntimeEvent, RuntimeOrigin, RuntimeTask, TxPause, VERSION,
};

/// The SS58 prefix of addresses: the generic one, until the network's own is in the registry.
pub const SS58_PREFIX: u16 = 42;

/// Calls that nobody may make by a signed transaction.
///
/// Credits are minted by proof of FLOPS alone, so the asset pallet's own `mint` is closed to every
/// account, whoever may be named as the asset's issuer. Session keys are taken back by
/// `Validators::remove_keys`, which waits until their owner validates no more: a validator without keys
/// would drop out of a set that stays.
pub struct CallFilter;
impl Contains<RuntimeCall> for CallFilter {
	fn contains(call: &RuntimeCall) -> bool {
		!matches!(
			call,
			RuntimeCall::Assets(pallet_assets::Call::mint { .. })
				| RuntimeCall::Session(pallet_session::Call::purge_keys { .. })
		)
	}
}

parameter_types! {
	pub const BlockHashCount: BlockNumber = 4_096;
	pub const Version: RuntimeVersion = VERSION;
	pub RuntimeBlockLength: BlockLength = BlockLength::builder()
		.max_length(5 * 1024 * 1024)
		.modify_max_length_for_class(frame_support::dispatch::DispatchClass::Normal, |max| {
			*max = Perbill::from_percent(75) * 5 * 1024 * 1024
		})
		.build();
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type AccountData = pallet_balances::AccountData<Balance>;
	type AccountId = AccountId;
	type BaseCallFilter = InsideBoth<CallFilter, TxPause>;
	type Block = Block;
	type BlockHashCount = BlockHashCount;
	type BlockLength = RuntimeBlockLength;
	type BlockWeights = timing::SlotBlockWeights<Runtime>;
	type DbWeight = ParityDbWeight;
	type Hash = Hash;
	type Hashing = BlakeTwo256;
	type Lookup = AccountIdLookup<AccountId, ()>;
	type MaxConsumers = ConstU32<64>;
	type Nonce = Nonce;
	type SS58Prefix = ConstU16<SS58_PREFIX>;
	type Version = Version;
}

impl timing::Config for Runtime {}

impl pallet_timestamp::Config for Runtime {
	type MinimumPeriod = timing::MinimumPeriod<Runtime>;
	type Moment = u64;
	type OnTimestampSet = Babe;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
