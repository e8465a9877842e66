//! BABE, GRANDPA, sessions and what they report.

use alloc::vec::Vec;
use frame_support::{
	parameter_types,
	traits::{ConstU32, ConstU64},
};
use pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
use sp_runtime::{
	traits::{ConvertInto, Get, OpaqueKeys},
	Perbill,
};
use sp_staking::{
	offence::{OffenceDetails, OnOffenceHandler},
	SessionIndex,
};

use crate::{
	deposit, timing, AccountId, Babe, Balance, Balances, Historical, Offences, Runtime,
	RuntimeCall, RuntimeEvent, Session, SessionKeys, UncheckedExtrinsic,
};

/// The most validators.
type MaxAuthorities = ConstU32<1_000>;

/// Sessions for which membership can be proven, so that old equivocations can be reported.
pub const KEPT_SESSIONS: u32 = 168;

/// The validators of genesis stay: the set does not change between sessions.
pub struct FixedValidators;

impl pallet_session::SessionManager<AccountId> for FixedValidators {
	fn new_session(_index: SessionIndex) -> Option<Vec<AccountId>> {
		None
	}

	fn start_session(_index: SessionIndex) {}

	fn end_session(index: SessionIndex) {
		if let Some(oldest) = index.checked_sub(KEPT_SESSIONS) {
			Historical::prune_up_to(oldest);
		}
	}
}

impl pallet_session::historical::SessionManager<AccountId, ()> for FixedValidators {
	fn new_session(_index: SessionIndex) -> Option<Vec<(AccountId, ())>> {
		None
	}

	fn start_session(_index: SessionIndex) {}

	fn end_session(index: SessionIndex) {
		<Self as pallet_session::SessionManager<AccountId>>::end_session(index)
	}
}

/// Every validator is identified by its account alone.
pub struct ByAccount;
impl sp_runtime::traits::Convert<AccountId, Option<()>> for ByAccount {
	fn convert(_: AccountId) -> Option<()> {
		Some(())
	}
}

/// Offences are recorded; they cost no bond yet.
pub struct RecordOnly;
impl<Reporter, Offender, Weight: Default> OnOffenceHandler<Reporter, Offender, Weight>
	for RecordOnly
{
	fn on_offence(
		_offenders: &[OffenceDetails<Reporter, Offender>],
		_slash_fraction: &[Perbill],
		_session: SessionIndex,
	) -> Weight {
		Weight::default()
	}
}

/// How many slots ago an equivocation may lie to be reported.
pub struct ReportLongevity;
impl Get<u64> for ReportLongevity {
	fn get() -> u64 {
		timing::EpochSlots::<Runtime>::get().saturating_mul(u64::from(KEPT_SESSIONS))
	}
}

parameter_types! {
	pub const SessionKeyDeposit: Balance = deposit(1, 64);
}

impl pallet_babe::Config for Runtime {
	type DisabledValidators = Session;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type EpochDuration = timing::EpochSlots<Runtime>;
	type EquivocationReportSystem =
		pallet_babe::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type ExpectedBlockTime = timing::SlotMilliseconds<Runtime>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = ConstU32<0>;
	type WeightInfo = ();
}

impl pallet_grandpa::Config for Runtime {
	type EquivocationReportSystem =
		pallet_grandpa::EquivocationReportSystem<Self, Offences, Historical, ReportLongevity>;
	type KeyOwnerProof = sp_session::MembershipProof;
	type MaxAuthorities = MaxAuthorities;
	type MaxNominators = ConstU32<0>;
	type MaxSetIdSessionEntries = ConstU64<{ KEPT_SESSIONS as u64 }>;
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = ();
}

impl pallet_authorship::Config for Runtime {
	type EventHandler = ();
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
	type SessionManager = pallet_session::historical::NoteHistoricalRoot<Self, FixedValidators>;
	type ShouldEndSession = Babe;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
}

impl pallet_session::historical::Config for Runtime {
	type FullIdentification = ();
	type FullIdentificationOf = ByAccount;
	type RuntimeEvent = RuntimeEvent;
}

impl pallet_offences::Config for Runtime {
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = RecordOnly;
	type RuntimeEvent = RuntimeEvent;
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
