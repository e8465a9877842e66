//! A runtime of the session, offences, authorship, balances and operators themselves, and of this
//! pallet, in the order of the real one. Time is counted in blocks.

use crate::{
	pallet::{Candidates, Exposures},
	types::{CandidateState, Limits, Stake},
	Event,
};
use codec::Encode;
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{ConstU128, ConstU16, ConstU32, ConstU64, FindAuthor, Get, OnFinalize, OnInitialize},
	PalletId,
};
use pallet_operators::{traits::Staking, types::InitialAllocations, Service};
use pallet_session::disabling::UpToLimitWithReEnablingDisablingStrategy;
use sp_runtime::{
	impl_opaque_keys, testing::UintAuthorityId, traits::ConvertInto, BuildStorage,
	ConsensusEngineId, Perbill, Permill, RuntimeAppPublic,
};
use sp_staking::{
	offence::{Kind, Offence, OffenceError, ReportOffence},
	SessionIndex,
};

pub(crate) type AccountId = u64;
pub(crate) type Balance = u128;
type Block = frame_system::mocking::MockBlock<Test>;

#[frame_support::runtime]
mod runtime {
	#[runtime::runtime]
	#[runtime::derive(
		RuntimeCall,
		RuntimeEvent,
		RuntimeError,
		RuntimeOrigin,
		RuntimeTask,
		RuntimeHoldReason,
		RuntimeFreezeReason,
		RuntimeViewFunction
	)]
	pub struct Test;

	#[runtime::pallet_index(0)]
	pub type System = frame_system;
	#[runtime::pallet_index(4)]
	pub type Authorship = pallet_authorship;
	#[runtime::pallet_index(6)]
	pub type Session = pallet_session;
	#[runtime::pallet_index(7)]
	pub type Offences = pallet_offences;
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(21)]
	pub type Operators = pallet_operators;
	#[runtime::pallet_index(23)]
	pub type Validators = crate;
}

impl_opaque_keys! {
	pub struct MockKeys {
		pub dummy: UintAuthorityId,
	}
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = Block;
	type AccountData = pallet_balances::AccountData<Balance>;
}

/// The existential deposit.
pub(crate) const ED: Balance = 10;

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<ED>;
}

/// Blocks of a session.
pub(crate) const SESSION: u64 = 40;
/// Milliseconds of a slot.
pub(crate) const SLOT: u64 = 6_000;

parameter_types! {
	pub static MaxValidators: u32 = 10;
	pub static MaxCandidates: u32 = 12;
	pub static KeptSessions: u32 = 6;
	pub static MinimumFraction: Permill = Permill::from_percent(5);
	/// Validators that author nothing.
	pub static Silent: Vec<AccountId> = vec![];
	/// Whether any block has an author.
	pub static Authored: bool = true;
	pub static KeyDeposit: Balance = 7;
	/// What there was at genesis.
	pub static AtGenesis: Balance = 0;
	/// What was issued for the blocks before this one.
	pub static Issued: Balance = 0;
	/// What was burnt of income in the blocks before this one.
	pub static Voided: Balance = 0;
}

/// The validators take turns, block by block; a silent one's turn goes to the next.
pub struct Turns;
impl FindAuthor<u32> for Turns {
	fn find_author<'a, I>(_digests: I) -> Option<u32>
	where
		I: 'a + IntoIterator<Item = (ConsensusEngineId, &'a [u8])>,
	{
		if !Authored::get() {
			return None;
		}
		let validators = pallet_session::Validators::<Test>::get();
		let disabled = Session::disabled_validators();
		let turn = System::block_number();
		(0..validators.len() as u64)
			.map(|later| ((turn + later) % validators.len() as u64) as u32)
			.find(|index| {
				!Silent::get().contains(&validators[*index as usize]) && !disabled.contains(index)
			})
	}
}

impl pallet_authorship::Config for Test {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Turns>;
	type EventHandler = Validators;
}

type Periodic = pallet_session::PeriodicSessions<ConstU64<SESSION>, ConstU64<0>>;

impl pallet_session::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Periodic;
	type NextSessionRotation = Periodic;
	type SessionManager = Validators;
	type SessionHandler = pallet_session::TestSessionHandler;
	type Keys = MockKeys;
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = ();
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl pallet_offences::Config for Test {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = AccountId;
	type OnOffenceHandler = Validators;
}

parameter_types! {
	pub static MinimumBond: Balance = 1_000;
	pub const DelegationPot: PalletId = PalletId(*b"de/assay");
	pub const RewardsPot: PalletId = PalletId(*b"rw/assay");
	pub static UnbondingDelay: u64 = 10 * SESSION;
}

/// The running session.
pub struct CurrentSession;
impl Get<u32> for CurrentSession {
	fn get() -> u32 {
		Session::current_index()
	}
}

impl pallet_operators::Config for Test {
	type CancelOrigin = frame_system::EnsureRoot<AccountId>;
	type CommissionDelay = ConstU64<{ 5 * SESSION }>;
	type Currency = Balances;
	type DelegationPot = DelegationPot;
	type DeviceDeposit = ConstU128<20>;
	type EscrowDelay = ConstU64<{ 3 * SESSION }>;
	type LongestFaultWindow = ConstU64<SESSION>;
	type MaxCommission = ConstU32<500_000>;
	type MaxCommissionRaise = ConstU32<50_000>;
	type MaxDescription = ConstU32<128>;
	type MaxDevices = ConstU16<4>;
	type MaxReason = ConstU32<64>;
	type MaxUnbondingChunks = ConstU32<8>;
	type MaxWorkers = ConstU32<4>;
	type MinimumBond = MinimumBond;
	type MinimumDelegation = ConstU128<100>;
	type OpenObligations = ();
	type RewardsPot = RewardsPot;
	type Rounds = ();
	type RuntimeHoldReason = RuntimeHoldReason;
	type Session = CurrentSession;
	type UnbondingDelay = UnbondingDelay;
	type WeightInfo = ();
	type WorkerDeposit = ConstU128<50>;
}

parameter_types! {
	pub const SlotDuration: u64 = SLOT;
}

impl crate::Config for Test {
	type Currency = Balances;
	type KeptSessions = KeptSessions;
	type MaxCandidates = MaxCandidates;
	type MaxValidators = MaxValidators;
	type MinimumFraction = MinimumFraction;
	type SlotDuration = SlotDuration;
	type Staking = Operators;
	type WeightInfo = ();
}

/// What every account from 1 to 40 begins with.
pub(crate) const FUNDS: Balance = 1_000_000_000_000;
/// The least own bond of a validator.
pub(crate) const SELF_BOND: Balance = 2_000;
/// The validators of genesis with their bonds, all of it in consensus.
pub(crate) const GENESIS: [(AccountId, Balance); 4] =
	[(1, 40_000), (2, 30_000), (3, 20_000), (4, 10_000)];
/// An account with funds that is nothing else.
pub(crate) const NOBODY: AccountId = 30;
/// Another one.
pub(crate) const DELEGATOR: AccountId = 31;

/// The session keys of an account.
pub(crate) fn keys(who: AccountId) -> MockKeys {
	MockKeys { dummy: UintAuthorityId(who) }
}

/// The state after genesis with these operators, all of them with session keys, authorities and
/// candidates.
pub(crate) fn genesis(
	operators: &[(AccountId, Balance)],
	candidates: Vec<AccountId>,
	limits: Limits,
) -> sp_io::TestExternalities {
	let config = RuntimeGenesisConfig {
		session: pallet_session::GenesisConfig {
			keys: operators.iter().map(|(who, _)| (*who, *who, keys(*who))).collect(),
			..Default::default()
		},
		balances: pallet_balances::GenesisConfig {
			balances: (1..=40).map(|who| (who, FUNDS)).collect(),
			..Default::default()
		},
		operators: pallet_operators::GenesisConfig {
			operators: operators
				.iter()
				.map(|(who, bond)| {
					(*who, *who, *bond, vec![(Service::Consensus, 1_000_000)], vec![])
				})
				.collect(),
			..Default::default()
		},
		validators: crate::GenesisConfig { limits, minimum_self_bond: SELF_BOND, candidates },
		..Default::default()
	};
	pallet_operators::testing::alarm();
	let mut ext: sp_io::TestExternalities = config.build_storage().unwrap().into();
	ext.execute_with(|| {
		AtGenesis::set(Balances::total_issuance());
		Issued::set(0);
		Voided::set(0);
	});
	ext
}

/// The state in block 1 with the validators of genesis, at least two and at most four.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	let limits = Limits { minimum: 2, maximum: 4 };
	let mut ext = genesis(&GENESIS, GENESIS.map(|(who, _)| who).to_vec(), limits);
	ext.execute_with(|| begin_block(1));
	ext
}

/// The state in block 1 without anybody, with as many possible as on a live network.
pub(crate) fn benchmark_ext() -> sp_io::TestExternalities {
	MaxValidators::set(100);
	MaxCandidates::set(300);
	let mut ext = genesis(&[], vec![], Limits { minimum: 1, maximum: 4 });
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs `test` in block 1 and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		check_state();
	});
}

/// Checks every invariant, the operators' too.
pub(crate) fn check_state() {
	assert_ok!(Validators::do_try_state());
	assert_ok!(Operators::do_try_state());
}

/// Checks that no money comes from nowhere or is lost, to the last unit: all accounts together have
/// what was issued, and that is what there was at genesis and what blocks have earned, without what
/// was burnt of income, by convictions, and otherwise (`burnt`).
pub(crate) fn check_money(burnt: Balance) {
	let (issued, voided) = money_of_this_block();
	let expected = AtGenesis::get() + Issued::get() + issued
		- Voided::get()
		- voided
		- pallet_operators::TotalBurnt::<Test>::get()
		- burnt;
	assert_eq!(Balances::total_issuance(), expected, "issuance is not conserved");
	let accounts: Balance = frame_system::Account::<Test>::iter_values()
		.map(|account| account.data.free + account.data.reserved)
		.sum();
	assert_eq!(accounts, expected, "the accounts have not what was issued");
}

/// What was issued for this block, and what of income was burnt in it.
fn money_of_this_block() -> (Balance, Balance) {
	System::events().into_iter().fold((0, 0), |(issued, voided), record| match record.event {
		RuntimeEvent::Validators(Event::BlockRewarded { amount, .. }) => (issued + amount, voided),
		RuntimeEvent::Validators(Event::IncomeVoided { amount, .. }) => (issued, voided + amount),
		_ => (issued, voided),
	})
}

/// All of the stake in consensus.
pub(crate) fn all_consensus() -> InitialAllocations {
	vec![(Service::Consensus, 1_000_000)].try_into().unwrap()
}

/// Shorthand for a signed origin.
pub(crate) fn signed(who: AccountId) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// Gives an account what those of genesis have.
pub(crate) fn fund(who: AccountId) {
	assert_ok!(<Balances as frame_support::traits::fungible::Mutate<_>>::mint_into(&who, FUNDS));
}

/// Makes an operator with a bond, all of it in consensus, and session keys.
pub(crate) fn operator(who: AccountId, bond: Balance) {
	assert_ok!(Operators::register(signed(who), who, all_consensus()));
	if bond > MinimumBond::get() {
		assert_ok!(Operators::bond_more(signed(who), bond - MinimumBond::get()));
	}
	set_keys(who);
}

/// Sets the session keys of an account.
pub(crate) fn set_keys(who: AccountId) {
	assert_ok!(Session::set_keys(signed(who), keys(who), proof_of(who, who)));
}

/// The proof that an account owns a key.
pub(crate) fn proof_of(owner: AccountId, key: u64) -> Vec<u8> {
	UintAuthorityId(key).sign(&owner.encode()).unwrap().encode()
}

/// Makes an operator with a bond, all of it in consensus, a candidate.
pub(crate) fn candidate(who: AccountId, bond: Balance) {
	operator(who, bond);
	assert_ok!(Validators::validate(signed(who)));
}

fn begin_block(number: u64) {
	let (issued, voided) = money_of_this_block();
	Issued::mutate(|sum| *sum += issued);
	Voided::mutate(|sum| *sum += voided);
	System::reset_events();
	System::initialize(&number, &Default::default(), &Default::default());
	AllPalletsWithSystem::on_initialize(number);
}

/// Ends this block and begins the next.
pub(crate) fn next_block() {
	let number = System::block_number();
	AllPalletsWithSystem::on_finalize(number);
	begin_block(number + 1);
}

/// Goes to the first block of the session after the running one.
pub(crate) fn next_session() {
	let session = Session::current_index();
	while Session::current_index() == session {
		next_block();
	}
}

/// Lets `blocks` blocks go by.
pub(crate) fn skip(blocks: u64) {
	(0..blocks).for_each(|_| next_block());
}

/// The validators of the running session, by account.
pub(crate) fn serving() -> Vec<AccountId> {
	let mut validators = pallet_session::Validators::<Test>::get();
	validators.sort_unstable();
	validators
}

/// The validators of the next session, by account.
pub(crate) fn queued() -> Vec<AccountId> {
	let mut validators: Vec<_> =
		pallet_session::QueuedKeys::<Test>::get().into_iter().map(|(who, _)| who).collect();
	validators.sort_unstable();
	validators
}

/// The accounts that are disabled.
pub(crate) fn disabled() -> Vec<AccountId> {
	let validators = pallet_session::Validators::<Test>::get();
	Session::disabled_validators().into_iter().map(|index| validators[index as usize]).collect()
}

/// The state of a candidate.
pub(crate) fn state(who: AccountId) -> Option<CandidateState> {
	Candidates::<Test>::get(who)
}

/// The exposure of a validator.
pub(crate) fn exposure(session: SessionIndex, who: AccountId) -> Option<Stake> {
	Exposures::<Test>::get(session, who)
}

/// The stake of an operator as of now.
pub(crate) fn stake(who: AccountId) -> Stake {
	<Operators as Staking<_, _>>::consensus_stake(&who)
}

/// What lies in the account of rewards.
pub(crate) fn pot() -> Balance {
	Balances::free_balance(<Operators as Staking<AccountId, Balance>>::rewards_account())
}

/// An equivocation of some validators at the same time.
pub(crate) struct Equivocation {
	pub(crate) offenders: Vec<AccountId>,
	pub(crate) session: SessionIndex,
	pub(crate) time: u64,
	/// The fraction for one offender; more offenders at the same time cost a multiple.
	pub(crate) fraction: Perbill,
}

impl Offence<AccountId> for Equivocation {
	const ID: Kind = *b"test:equivocatio";
	type Slot = u64;

	fn offenders(&self) -> Vec<AccountId> {
		self.offenders.clone()
	}

	fn session_index(&self) -> SessionIndex {
		self.session
	}

	fn validator_set_count(&self) -> u32 {
		serving().len() as u32
	}

	fn slot(&self) -> u64 {
		self.time
	}

	fn slash_fraction(&self, offenders: u32) -> Perbill {
		Perbill::from_parts(self.fraction.deconstruct().saturating_mul(offenders))
	}
}

/// Reports an equivocation by the pallet of offences.
pub(crate) fn report(
	offenders: &[AccountId],
	session: SessionIndex,
	time: u64,
	percent: u32,
) -> Result<(), OffenceError> {
	let offenders = offenders.to_vec();
	let fraction = Perbill::from_percent(percent);
	Offences::report_offence(vec![NOBODY], Equivocation { offenders, session, time, fraction })
}

/// Whether the event was deposited in this block.
pub(crate) fn happened(event: Event<Test>) -> bool {
	System::events().iter().any(|record| record.event == RuntimeEvent::Validators(event.clone()))
}
