//! The native token, fees, and the credits.

use frame_support::{
	parameter_types,
	traits::{fungible::ItemOf, AsEnsureOriginWithArg, ConstU128, ConstU32, ConstU8},
	weights::{ConstantMultiplier, IdentityFee},
	PalletId,
};
use frame_system::EnsureRoot;
use pallet_transaction_payment::{FungibleAdapter, Multiplier, TargetedFeeAdjustment};
use pallet_validators::FeesToRewards;
use sp_runtime::{
	traits::{AccountIdConversion, Bounded},
	FixedPointNumber, Perquintill,
};

use crate::{
	deposit, AccountId, Assets, AssetsHolder, Balance, Balances, Runtime, RuntimeEvent,
	RuntimeFreezeReason, RuntimeHoldReason, System, EXISTENTIAL_DEPOSIT, MICRO_ASY,
};

/// The asset of the FLOPS credits.
pub const FLOPS_ASSET: u32 = 1;

/// The account that is named as the issuer of the credits. Nobody has its key.
pub fn credits_issuer() -> AccountId {
	PalletId(*b"assay/fl").into_account_truncating()
}

parameter_types! {
	pub const FlopsAsset: u32 = FLOPS_ASSET;
	pub const TransactionByteFee: Balance = MICRO_ASY;
	pub const TargetBlockFullness: Perquintill = Perquintill::from_percent(25);
	pub AdjustmentVariable: Multiplier = Multiplier::saturating_from_rational(75, 1_000_000);
	pub MinimumMultiplier: Multiplier = Multiplier::saturating_from_rational(1, 10);
	pub MaximumMultiplier: Multiplier = Bounded::max_value();
	pub const AssetDeposit: Balance = deposit(1, 256);
	pub const AssetAccountDeposit: Balance = deposit(1, 64);
	pub const AssetMetadataDeposit: Balance = deposit(1, 64);
	pub const AssetMetadataByteDeposit: Balance = deposit(0, 1);
	pub const ApprovalDeposit: Balance = deposit(1, 64);
}

/// The credits as a currency of their own.
pub type FlopsCredits = ItemOf<Assets, FlopsAsset, AccountId>;
/// The credits with holds.
pub(crate) type HeldCredits = ItemOf<AssetsHolder, FlopsAsset, AccountId>;

impl pallet_balances::Config for Runtime {
	type AccountStore = System;
	type Balance = Balance;
	type DoneSlashHandler = ();
	type DustRemoval = ();
	type ExistentialDeposit = ConstU128<EXISTENTIAL_DEPOSIT>;
	type FreezeIdentifier = RuntimeFreezeReason;
	type MaxFreezes = ConstU32<8>;
	type MaxLocks = ConstU32<8>;
	type MaxReserves = ConstU32<8>;
	type ReserveIdentifier = [u8; 8];
	type RuntimeEvent = RuntimeEvent;
	type RuntimeFreezeReason = RuntimeFreezeReason;
	type RuntimeHoldReason = RuntimeHoldReason;
	type WeightInfo = pallet_balances::weights::SubstrateWeight<Runtime>;
}

impl pallet_transaction_payment::Config for Runtime {
	type FeeMultiplierUpdate = TargetedFeeAdjustment<
		Self,
		TargetBlockFullness,
		AdjustmentVariable,
		MinimumMultiplier,
		MaximumMultiplier,
	>;
	type LengthToFee = ConstantMultiplier<Balance, TransactionByteFee>;
	type OnChargeTransaction = FungibleAdapter<Balances, FeesToRewards<Runtime>>;
	type OperationalFeeMultiplier = ConstU8<5>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_transaction_payment::weights::SubstrateWeight<Runtime>;
	type WeightToFee = IdentityFee<Balance>;
}

impl pallet_assets::Config for Runtime {
	type ApprovalDeposit = ApprovalDeposit;
	type AssetAccountDeposit = AssetAccountDeposit;
	type AssetDeposit = AssetDeposit;
	type AssetId = u32;
	type AssetIdAllocator = ();
	type AssetIdParameter = codec::Compact<u32>;
	type Balance = Balance;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
	type CallbackHandle = ();
	// The credits are the one asset; more would come by a referendum.
	type CreateOrigin = AsEnsureOriginWithArg<frame_system::EnsureNever<AccountId>>;
	type Currency = Balances;
	type Extra = ();
	type ForceOrigin = EnsureRoot<AccountId>;
	type Freezer = ();
	type Holder = AssetsHolder;
	type MetadataDepositBase = AssetMetadataDeposit;
	type MetadataDepositPerByte = AssetMetadataByteDeposit;
	type RemoveItemsLimit = ConstU32<1_000>;
	type ReserveData = ();
	type RuntimeEvent = RuntimeEvent;
	type StringLimit = ConstU32<50>;
	type WeightInfo = pallet_assets::weights::SubstrateWeight<Runtime>;
}

impl pallet_assets_holder::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeHoldReason = RuntimeHoldReason;
}
