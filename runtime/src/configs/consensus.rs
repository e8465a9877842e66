//! BABE, GRANDPA, sessions, the election of validators, and what is reported of them.

use frame_support::{parameter_types, traits::ConstU32};
use pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
use sp_runtime::{
	traits::{ConvertInto, OpaqueKeys},
	Permill,
};

use crate::{
	deposit, timing, weights, AccountId, Babe, Balance, Balances, Offences, Operators, Runtime,
	RuntimeCall, RuntimeEvent, Session, SessionKeys, UncheckedExtrinsic, Validators,
};

/// The most validators, elected or left over from genesis.
type MaxAuthorities = ConstU32<1_000>;

parameter_types! {
	pub const SessionKeyDeposit: Balance = deposit(1, 64);
	pub const MinimumEquivocationFraction: Permill = Permill::from_percent(5);
}

impl pallet_babe::Config for Runtime {
	type DisabledValidators = Session;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type EpochDuration = timing::EpochSlots<Runtime>;
	type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<
		Self,
		Offences,
		Validators,
		timing::ReportLongevity<Runtime>,
	>;
	type ExpectedBlockTime = timing::SlotMilliseconds<Runtime>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = ConstU32<0>;
	type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
	type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<
		Self,
		Offences,
		Validators,
		timing::ReportLongevity<Runtime>,
	>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = timing::KeptSessions<Runtime>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}

impl pallet_authorship::Config for Runtime {
	type EventHandler = Validators;
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
}

impl pallet_session::Config for Runtime {
	type Currency = Balances;
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	type KeyDeposit = SessionKeyDeposit;
	type Keys = SessionKeys;
	type NextSessionRotation = Babe;
	type RuntimeEvent = RuntimeEvent;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type SessionManager = Validators;
	type ShouldEndSession = Babe;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = AccountId;
	type OnOffenceHandler = Validators;
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_validators::Config for Runtime {
	type Currency = Balances;
	type KeptSessions = timing::KeptSessions<Runtime>;
	type MaxCandidates = ConstU32<300>;
	type MaxValidators = ConstU32<100>;
	// A lone equivocation among many validators would cost next to nothing by the offence's own
	// formula.
	type MinimumFraction = MinimumEquivocationFraction;
	type SlotDuration = timing::SlotMilliseconds<Runtime>;
	type Staking = Operators;
	type WeightInfo = weights::pallet_validators::WeightInfo<Runtime>;
}

// Nodes report equivocations by unsigned extrinsics.
impl<C> frame_system::offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

impl<C> frame_system::offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
