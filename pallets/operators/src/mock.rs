//! A runtime of System, Balances and this pallet.

use crate as pallet_operators;
pub(crate) use crate::types::Balance;
use crate::{pallet, traits, types::*, Fault, Obligation, Service};
use assay_economics::deterrence::Policy;
use assay_economics::MILLION;
use frame_support::{
	assert_ok, derive_impl,
	dispatch::DispatchResult,
	parameter_types,
	traits::{
		fungible::{Inspect, InspectHold, Mutate},
		ConstU128,
	},
	PalletId,
};
use frame_system::EnsureRoot;
use sp_runtime::{traits::AccountIdConversion, BuildStorage};

pub(crate) type AccountId = u64;
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
	#[runtime::pallet_index(10)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(21)]
	pub type Operators = pallet_operators;
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

parameter_types! {
	pub static Round: u32 = 5;
	pub static WorkerIsOwed: bool = false;
	pub static MinimumBond: Balance = 1_000;
	pub static UnbondingDelay: u64 = 100;
	pub static LongestFaultWindow: u64 = 60;
	pub static EscrowDelay: u64 = 30;
	pub static Session: u32 = 7;
	pub static MinimumDelegation: Balance = 100;
	pub static MaxCommission: u32 = 300_000;
	pub static MaxCommissionRaise: u32 = 100_000;
	pub static CommissionDelay: u64 = 40;
	// The first eight bytes, `modl` included, are all that an account of this runtime keeps.
	pub const DelegationPot: PalletId = PalletId(*b"delegate");
	pub const RewardsPot: PalletId = PalletId(*b"rewards!");
	pub static MaxWorkers: u32 = 3;
	pub static MaxDevices: DeviceIndex = 3;
	pub static MaxUnbondingChunks: u32 = 4;
	pub const MaxDescription: u32 = 128;
	pub const MaxReason: u32 = 64;
}

impl traits::Rounds for Round {
	fn current_round() -> u32 {
		Self::get()
	}
}

impl traits::OpenObligations for WorkerIsOwed {
	fn has_open_obligations(_worker: WorkerId) -> bool {
		Self::get()
	}
}

/// Deposit of a worker.
pub(crate) const WORKER_DEPOSIT: Balance = 50;
/// Deposit of a device.
pub(crate) const DEVICE_DEPOSIT: Balance = 20;

impl crate::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rounds = Round;
	type OpenObligations = WorkerIsOwed;
	type MinimumBond = MinimumBond;
	type WorkerDeposit = ConstU128<WORKER_DEPOSIT>;
	type DeviceDeposit = ConstU128<DEVICE_DEPOSIT>;
	type UnbondingDelay = UnbondingDelay;
	type LongestFaultWindow = LongestFaultWindow;
	type EscrowDelay = EscrowDelay;
	type Session = Session;
	type CancelOrigin = EnsureRoot<AccountId>;
	type DelegationPot = DelegationPot;
	type RewardsPot = RewardsPot;
	type MinimumDelegation = MinimumDelegation;
	type MaxCommission = MaxCommission;
	type MaxCommissionRaise = MaxCommissionRaise;
	type CommissionDelay = CommissionDelay;
	type MaxWorkers = MaxWorkers;
	type MaxDevices = MaxDevices;
	type MaxUnbondingChunks = MaxUnbondingChunks;
	type MaxDescription = MaxDescription;
	type MaxReason = MaxReason;
	type WeightInfo = ();
}

/// An operator with a bond of 5,000, worker 0 (key [`KEY`]) and its device 0.
pub(crate) const ALICE: AccountId = 1;
/// Where Alice's rewards go.
pub(crate) const PAYOUT: AccountId = 2;
/// The hot key of Alice's worker 0.
pub(crate) const KEY: AccountId = 3;
/// An account with funds that is nothing else.
pub(crate) const BOB: AccountId = 4;
/// Another one.
pub(crate) const CAROL: AccountId = 5;
/// Another one.
pub(crate) const DAVE: AccountId = 6;
/// An account with nothing.
pub(crate) const NOBODY: AccountId = 99;
/// What the accounts with funds begin with.
pub(crate) const FUNDS: Balance = 100_000;
/// Alice's bond.
pub(crate) const BOND: Balance = 5_000;

/// The obligation `nonce` of Alice's worker 0 and device 0.
pub(crate) fn duty(nonce: u64) -> Obligation {
	Obligation { worker: 0, device: 0, nonce }
}

/// The state after genesis with the given operators.
pub(crate) fn genesis(operators: Vec<GenesisOperator<Test>>) -> sp_io::TestExternalities {
	let config = RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig {
			balances: vec![(ALICE, FUNDS), (BOB, FUNDS), (CAROL, FUNDS), (DAVE, FUNDS)],
			..Default::default()
		},
		operators: crate::GenesisConfig {
			operators,
			allocation_delay: ALLOCATION_DELAY,
			policy: Policy::LIVE,
		},
		..Default::default()
	};
	crate::testing::alarm();
	config.build_storage().unwrap().into()
}

/// Blocks until a higher allocation holds, from genesis.
pub(crate) const ALLOCATION_DELAY: u64 = 20;

/// Alice's stake is all for proof of FLOPS.
pub(crate) fn all_flops() -> Vec<(Service, u32)> {
	vec![(Service::Flops, MILLION)]
}

/// A fifth of the stake for each service.
pub(crate) fn fifths() -> Vec<(Service, u32)> {
	Service::ALL.map(|service| (service, MILLION / 5)).to_vec()
}

/// The state in block 1 with Alice as operator.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	with_allocations(all_flops())
}

/// The state in block 1 with Alice as operator with other allocations.
pub(crate) fn with_allocations(allocations: Vec<(Service, u32)>) -> sp_io::TestExternalities {
	let mut ext = genesis(vec![(ALICE, PAYOUT, BOND, allocations, vec![(KEY, 1)])]);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs `test` in block 1 and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	execute(all_flops(), test);
}

/// Like [`build_and_execute`], with other allocations of Alice.
pub(crate) fn execute(allocations: Vec<(Service, u32)>, test: impl FnOnce()) {
	with_allocations(allocations).execute_with(|| {
		test();
		check();
	});
}

/// Checks every invariant, and that the pots hold what they owe and not a unit more.
pub(crate) fn check() {
	assert_ok!(Operators::do_try_state());
	let delegated: Balance = pallet::Operators::<Test>::iter_values()
		.map(|record| record.pool.stake + record.escrowed_delegated)
		.sum();
	assert_eq!(Balances::balance(&delegation_pot()), ED + delegated);
}

/// The account with all delegated stake.
pub(crate) fn delegation_pot() -> AccountId {
	DelegationPot::get().into_account_truncating()
}

/// The account with all rewards.
pub(crate) fn rewards_pot() -> AccountId {
	RewardsPot::get().into_account_truncating()
}

/// Registers an operator with the minimum bond, all of it for proof of FLOPS.
pub(crate) fn register(who: AccountId, payout: AccountId) -> DispatchResult {
	Operators::register(RuntimeOrigin::signed(who), payout, all_flops().try_into().unwrap())
}

/// Delegates to Alice.
pub(crate) fn delegate(who: AccountId, amount: Balance) -> DispatchResult {
	Operators::delegate(RuntimeOrigin::signed(who), ALICE, amount)
}

/// Undelegates from Alice.
pub(crate) fn undelegate(who: AccountId, amount: Balance) -> DispatchResult {
	Operators::undelegate(RuntimeOrigin::signed(who), ALICE, amount)
}

/// Withdraws what left Alice's pool.
pub(crate) fn withdraw_delegation(who: AccountId) -> DispatchResult {
	Operators::withdraw_delegation(RuntimeOrigin::signed(who), ALICE)
}

/// Claims what Alice earned for `who`.
pub(crate) fn claim(who: AccountId) -> DispatchResult {
	Operators::claim_rewards(RuntimeOrigin::signed(who), ALICE)
}

/// Announces an allocation of Alice.
pub(crate) fn allocate(service: Service, share_ppm: u32) -> DispatchResult {
	Operators::allocate(RuntimeOrigin::signed(ALICE), service, share_ppm)
}

/// Ends the current session: `amount` is minted and shared for Alice by her stake, then the next
/// session begins.
pub(crate) fn pay_session(amount: Balance, stake: &ConsensusStake<Balance>) {
	assert_ok!(Balances::mint_into(&rewards_pot(), amount));
	<Operators as crate::Staking<_, _>>::reward(&ALICE, Session::get(), amount, stake);
	Session::mutate(|session| *session += 1);
}

/// What is reserved of Alice's stake in all services.
pub(crate) fn reserved(who: AccountId) -> Balance {
	record(who).ledger.total_reserved()
}

/// What is on hold for a reason.
pub(crate) fn held(reason: pallet::HoldReason, who: AccountId) -> Balance {
	Balances::balance_on_hold(&reason.into(), &who)
}

/// The record of an operator.
pub(crate) fn record(who: AccountId) -> OperatorRecordOf<Test> {
	pallet::Operators::<Test>::get(who).unwrap()
}

/// Lets `blocks` blocks go by.
pub(crate) fn skip(blocks: u64) {
	System::set_block_number(System::block_number() + blocks);
}

/// Shorthand for the trait `Security`.
pub(crate) type Stake = Operators;

/// Reserves in proof of FLOPS for Alice.
pub(crate) fn reserve(nonce: u64, amount: Balance) -> DispatchResult {
	<Stake as crate::Security<_, _, _>>::reserve(&ALICE, Service::Flops, duty(nonce), amount)
}

/// Releases in proof of FLOPS for Alice.
pub(crate) fn release(nonce: u64) -> DispatchResult {
	<Stake as crate::Security<_, _, _>>::release(&ALICE, Service::Flops, duty(nonce))
}

/// Convicts Alice in proof of FLOPS.
pub(crate) fn convict(
	nonce: u64,
	fault: Fault,
	prover: Option<AccountId>,
) -> Result<Balance, sp_runtime::DispatchError> {
	<Stake as crate::Security<_, _, _>>::convict(
		&ALICE,
		Service::Flops,
		duty(nonce),
		fault,
		prover.as_ref(),
	)
}

/// Whether the event was deposited in this block.
pub(crate) fn happened(event: crate::Event<Test>) -> bool {
	System::events().iter().any(|record| record.event == RuntimeEvent::Operators(event.clone()))
}
