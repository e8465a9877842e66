//! A runtime of System, Balances and this pallet.

use crate as pallet_operators;
use crate::{pallet, traits, types::*, Fault, Obligation, Service};
use frame_support::{
	assert_ok, derive_impl, parameter_types,
	traits::{fungible::InspectHold, ConstU128},
};
use sp_runtime::{BuildStorage, Permill};

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
	pub static BountyShare: Permill = Permill::from_percent(40);
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
	type BountyShare = BountyShare;
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
			balances: vec![(ALICE, FUNDS), (BOB, FUNDS), (CAROL, FUNDS)],
			..Default::default()
		},
		operators: crate::GenesisConfig { operators },
		..Default::default()
	};
	config.build_storage().unwrap().into()
}

/// The state in block 1 with Alice as operator.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	let mut ext = genesis(vec![(ALICE, PAYOUT, BOND, vec![(KEY, 1)])]);
	ext.execute_with(|| System::set_block_number(1));
	ext
}

/// Runs `test` in block 1 and then checks every invariant.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		test();
		assert_ok!(Operators::do_try_state());
	});
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
pub(crate) fn reserve(nonce: u64, amount: Balance) -> frame_support::dispatch::DispatchResult {
	<Stake as crate::Security<_, _, _>>::reserve(&ALICE, Service::Flops, duty(nonce), amount)
}

/// Releases in proof of FLOPS for Alice.
pub(crate) fn release(nonce: u64) -> frame_support::dispatch::DispatchResult {
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
