//! A runtime of System, the balances, the credits, the beacon, the operators and this pallet.

use crate::{self as pallet_proof_of_flops, *};
use assay_flops::{sampling, seeds, Hash, Opening, Parameters as RoundParameters, Ratio, Sample};
use frame_support::{
	assert_ok, derive_impl,
	dispatch::DispatchResultWithPostInfo,
	parameter_types,
	storage::{with_transaction, TransactionOutcome},
	traits::{
		fungible::{self, ItemOf},
		AsEnsureOriginWithArg, ConstU128, ConstU16, ConstU32, ConstU64, Get, Hooks,
	},
	PalletId,
};
use pallet_operators::{DeviceIndex, Service, WorkerId, Workers as _};
use sp_core::H256;
use sp_runtime::{BuildStorage, DispatchError};
use std::collections::BTreeMap;

/// Native balances and credits.
pub(crate) type Balance = u128;
/// The credits' asset.
pub(crate) const FLOPS: u32 = 1;
/// Its admin, which the runtime does not have.
pub(crate) const ADMIN: u64 = 999;
/// Stake reserved for a device.
pub(crate) const DEVICE_STAKE: Balance = 100;
/// Bond of every operator of the genesis.
pub(crate) const BOND: Balance = 10_000;
/// Length of a slot.
pub(crate) const SLOT_MS: u64 = 6_000;
/// Devices of every worker of the genesis.
pub(crate) const DEVICES: DeviceIndex = 3;

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
	#[runtime::pallet_index(5)]
	pub type Balances = pallet_balances;
	#[runtime::pallet_index(6)]
	pub type Assets = pallet_assets;
	#[runtime::pallet_index(7)]
	pub type AssetsHolder = pallet_assets_holder;
	#[runtime::pallet_index(20)]
	pub type Beacon = pallet_beacon;
	#[runtime::pallet_index(21)]
	pub type Operators = pallet_operators;
	#[runtime::pallet_index(22)]
	pub type ProofOfFlops = pallet_proof_of_flops;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig as pallet_balances::DefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<1>;
	type AccountStore = System;
}

#[derive_impl(pallet_assets::config_preludes::TestDefaultConfig as pallet_assets::DefaultConfig)]
impl pallet_assets::Config for Test {
	type Balance = Balance;
	type CreateOrigin = AsEnsureOriginWithArg<frame_system::EnsureSigned<u64>>;
	type ForceOrigin = frame_system::EnsureRoot<u64>;
	type Currency = Balances;
	type Holder = AssetsHolder;
}

impl pallet_assets_holder::Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type RuntimeEvent = RuntimeEvent;
}

parameter_types! {
	/// What BABE would say of the parent's author.
	pub static ParentVrf: Option<[u8; 32]> = None;
	/// Names a fork: every fork has VRF outputs of its own.
	pub static Fork: u64 = 0;
	/// Slots without a block so far.
	pub static EmptySlots: u64 = 0;
}

impl pallet_beacon::AuthorVrf for ParentVrf {
	fn parent_vrf() -> Option<[u8; 32]> {
		Self::get()
	}
}

impl pallet_beacon::Config for Test {
	type AuthorVrf = ParentVrf;
	type RingLength = ConstU32<64>;
	type WeightInfo = ();
}

impl pallet_operators::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rounds = ProofOfFlops;
	type OpenObligations = ProofOfFlops;
	type MinimumBond = ConstU128<500>;
	type WorkerDeposit = ConstU128<10>;
	type DeviceDeposit = ConstU128<1>;
	type UnbondingDelay = ConstU64<200>;
	type LongestFaultWindow = ConstU64<100>;
	type EscrowDelay = ConstU64<50>;
	type Session = ConstU32<0>;
	type CancelOrigin = frame_system::EnsureRoot<u64>;
	type DelegationPot = DelegationPot;
	type RewardsPot = RewardsPot;
	type MinimumDelegation = ConstU128<100>;
	type MaxCommission = ConstU32<0>;
	type MaxCommissionRaise = ConstU32<0>;
	type CommissionDelay = ConstU64<1>;
	type MaxWorkers = ConstU32<4>;
	type MaxDevices = ConstU16<8>;
	type MaxUnbondingChunks = ConstU32<4>;
	type MaxDescription = ConstU32<32>;
	type MaxReason = ConstU32<32>;
	type WeightInfo = ();
}

parameter_types! {
	/// Account of delegated stake; four bytes of the name are left in an account of this runtime.
	pub const DelegationPot: PalletId = PalletId(*b"delegate");
	/// Account of rewards.
	pub const RewardsPot: PalletId = PalletId(*b"rewards!");
}

/// The slot of the current block.
pub struct Slots;

impl Get<u64> for Slots {
	fn get() -> u64 {
		System::block_number() + EmptySlots::get()
	}
}

impl Config for Test {
	type Balance = Balance;
	type Beacon = Beacon;
	type Workers = Operators;
	type Security = Operators;
	type Credits = ItemOf<Assets, ConstU32<FLOPS>, u64>;
	type Slots = Slots;
	type SlotDuration = ConstU64<SLOT_MS>;
	type DeviceStake = ConstU128<DEVICE_STAKE>;
	type WeightInfo = ();
	type BenchmarkHelper = Newcomers;
}

/// Registers operators for the benchmarks.
pub struct Newcomers;

impl pallet_operators::BenchmarkWorkers<u64> for Newcomers {
	fn create_worker(key: u64, devices: DeviceIndex, stake_per_device: u128) -> (u64, WorkerId) {
		let operator = key.wrapping_add(1);
		let bond = (stake_per_device * u128::from(devices)).max(500);
		assert_ok!(<Balances as fungible::Mutate<u64>>::mint_into(&operator, 2 * bond + 100));
		let worker = pallet_operators::NextWorkerId::<Test>::get();
		let all = vec![(Service::Flops, 1_000_000)].try_into().unwrap();
		let signed = || RuntimeOrigin::signed(operator);
		assert_ok!(Operators::register(signed(), operator, all));
		assert_ok!(Operators::bond_more(signed(), bond - 500 + 1));
		assert_ok!(Operators::add_worker(signed(), key));
		for _ in 0..devices {
			assert_ok!(Operators::add_device(signed(), worker, Default::default()));
		}
		(operator, worker)
	}
}

/// A round opens every 24 blocks, so that tests know when; four samples; openings are taken for 40
/// blocks, so that a device can have claims of three rounds at once.
pub(crate) const PARAMETERS: RoundParameters = RoundParameters {
	window: 5,
	grace: 3,
	minimum_gap: 24,
	mean_gap: 24,
	delay: 4,
	reveal_window: 40,
	audit_budget: 64,
	samples: 4,
	colluding_authors: Ratio { num: 1, den: 3 },
	deterrence: 2,
};

/// Account of operator `i`.
pub(crate) fn operator(i: u64) -> u64 {
	1 + i
}

/// Hot key of the worker of operator `i`.
pub(crate) fn hot_key(i: u64) -> u64 {
	101 + i
}

/// Payout account of operator `i`.
pub(crate) fn payout(i: u64) -> u64 {
	201 + i
}

/// Id of the worker of operator `i`.
pub(crate) fn worker(i: u64) -> WorkerId {
	Operators::worker_of(&hot_key(i)).unwrap()
}

/// The state after genesis, with five operators of one worker each.
pub(crate) fn genesis(parameters: RoundParameters) -> sp_io::TestExternalities {
	pallet_operators::testing::alarm();
	let operators = 0..5u64;
	let balances = operators
		.clone()
		.flat_map(|i| [(operator(i), 2 * BOND), (hot_key(i), 50), (payout(i), 50)])
		.chain([(ADMIN, 1_000)])
		.collect();
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
		assets: pallet_assets::GenesisConfig {
			assets: vec![(FLOPS, ADMIN, true, 1)],
			..Default::default()
		},
		beacon: pallet_beacon::GenesisConfig { delay: parameters.delay, ..Default::default() },
		operators: pallet_operators::GenesisConfig {
			operators: operators
				.map(|i| {
					let flops = vec![(Service::Flops, 1_000_000)];
					(operator(i), payout(i), BOND, flops, vec![(hot_key(i), DEVICES)])
				})
				.collect(),
			..Default::default()
		},
		proof_of_flops: crate::GenesisConfig { parameters, ..Default::default() },
		..Default::default()
	}
	.build_storage()
	.unwrap()
	.into()
}

/// Runs `test` from block 1 on, and checks all invariants afterwards.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	execute(PARAMETERS, test);
}

/// Like [`build_and_execute`], with other rules.
pub(crate) fn execute(parameters: RoundParameters, test: impl FnOnce()) {
	Fork::set(0);
	EmptySlots::set(0);
	genesis(parameters).execute_with(|| {
		next_block();
		test();
		check_invariants();
	});
}

/// Invariants of the state, and conservation of credits from events.
pub(crate) fn check_invariants() {
	assert_ok!(ProofOfFlops::do_try_state());
	let mut paid = 0u128;
	let mut buffers = BTreeMap::<(WorkerId, DeviceIndex), u128>::new();
	for event in events() {
		match event {
			Event::Credited {
				worker,
				device,
				opened,
				credits,
				granted,
				required,
				to_buffer,
				paid: out,
				buffer,
				..
			} => {
				assert_eq!(granted, to_buffer + out);
				assert!(granted <= credits && (granted == credits || !opened));
				assert!(out == 0 || buffer >= required, "nothing is paid before it is full");
				paid += out;
				let sum = buffers.entry((worker, device)).or_default();
				*sum += to_buffer;
				assert_eq!(*sum, buffer, "the event tells the buffer as it is");
			}
			Event::Convicted { worker, device, burnt, .. } => {
				let sum = buffers.entry((worker, device)).or_default();
				assert_eq!(*sum, burnt, "a conviction burns all of the buffer");
				*sum = 0;
			}
			Event::BufferReleased { worker, device, paid: out, .. } => {
				let sum = buffers.entry((worker, device)).or_default();
				assert_eq!(*sum, out, "a release pays all of the buffer");
				*sum = 0;
				paid += out;
			}
			_ => {}
		}
	}
	assert_eq!(Assets::total_supply(FLOPS), paid, "only what the events tell was minted");
	for (worker, device, standing) in Standings::<Test>::iter() {
		let expected = buffers.remove(&(worker, device)).unwrap_or(0);
		assert_eq!(standing.buffer, expected, "a buffer holds what the events tell");
	}
	assert!(buffers.values().all(|rest| *rest == 0), "no buffer is lost");
}

/// The pallet's events so far.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::ProofOfFlops(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// The pallet's latest event.
pub(crate) fn last_event() -> Event<Test> {
	events().pop().unwrap()
}

/// The credits of an account.
pub(crate) fn credits_of(account: u64) -> u128 {
	Assets::balance(FLOPS, account)
}

/// Begins the next block.
pub(crate) fn next_block() {
	let now = System::block_number() + 1;
	System::set_block_number(now);
	ParentVrf::set(Some(assay_draw::seed(
		b"assay/flops/test",
		&[&Fork::get().to_le_bytes(), &now.to_le_bytes()],
	)));
	Beacon::on_initialize(now);
	ProofOfFlops::on_initialize(now);
}

/// Runs to block `n`.
pub(crate) fn run_to(n: u32) {
	while System::block_number() < u64::from(n) {
		next_block();
	}
}

/// Runs to the block in which the next round opens.
pub(crate) fn open_round() -> RoundView {
	let current = CurrentRound::<Test>::get();
	while CurrentRound::<Test>::get() == current {
		next_block();
	}
	round()
}

/// The current round.
pub(crate) fn round() -> RoundView {
	ProofOfFlops::round().unwrap()
}

/// Runs to the first block of the current or next commit window.
pub(crate) fn open_window() -> RoundView {
	let round = open_round();
	run_to(round.commit_from);
	round
}

/// Runs to the block in which the current round is sampled.
pub(crate) fn run_to_sample() -> RoundView {
	run_to(round().sampled_at);
	round()
}

/// Commits for the worker of operator `i`.
pub(crate) fn commit(
	i: u64,
	device: DeviceIndex,
	tiles: u32,
	root: H256,
) -> DispatchResultWithPostInfo {
	ProofOfFlops::commit(RuntimeOrigin::signed(hot_key(i)), device, tiles, root)
}

/// Reveals for the worker of operator `i`.
pub(crate) fn reveal(
	i: u64,
	round: RoundIndex,
	device: DeviceIndex,
	openings: Vec<Opening>,
) -> DispatchResultWithPostInfo {
	ProofOfFlops::reveal(
		RuntimeOrigin::signed(hot_key(i)),
		round,
		device,
		openings.try_into().unwrap(),
	)
}

/// Settles by somebody who has nothing to do with it.
pub(crate) fn settle(i: u64, device: DeviceIndex, round: RoundIndex) -> DispatchResultWithPostInfo {
	ProofOfFlops::settle(RuntimeOrigin::signed(ADMIN), worker(i), device, round)
}

/// The standing of a device of operator `i`.
pub(crate) fn standing(i: u64, device: DeviceIndex) -> Standing<u64> {
	Standings::<Test>::get(worker(i), device).unwrap()
}

/// Status of a device of operator `i`.
pub(crate) fn status(i: u64, device: DeviceIndex) -> Status<u64> {
	ProofOfFlops::status(worker(i), device)
}

/// Seed of a device of operator `i` in the current round.
pub(crate) fn device_seed(i: u64, device: DeviceIndex) -> Hash {
	let round = round();
	seeds::device_seed(&round.beacon.0, round.index, worker(i), device)
}

/// What the current round's sample will be. Tests know the VRF outputs to come, so that they need
/// to compute the sampled leaves only, and not whole tiles.
pub(crate) fn foreseen_sample() -> H256 {
	with_transaction(|| {
		let sample = run_to_sample().sample.unwrap();
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(sample))
	})
	.unwrap()
}

/// The samples of a device of operator `i` in the current round, if it is drawn.
pub(crate) fn foreseen_samples(i: u64, device: DeviceIndex, tiles: u32) -> Vec<Sample> {
	let samples = Parameters::<Test>::get().unwrap().samples;
	sampling::samples(&foreseen_sample().0, worker(i), device, tiles, samples)
}

/// Root and openings of an honest device of operator `i` in the current round.
pub(crate) fn work(i: u64, device: DeviceIndex, tiles: u32) -> (H256, Vec<Opening>) {
	let samples = foreseen_samples(i, device, tiles);
	let (root, openings) = sparse::openings(&device_seed(i, device), tiles, &samples);
	(H256(root), openings)
}

/// One whole round of one honest device: opens, commits, is sampled, reveals.
pub(crate) fn honest_round(i: u64, device: DeviceIndex, tiles: u32) -> RoundIndex {
	let round = open_window();
	let (root, openings) = work(i, device, tiles);
	assert_ok!(commit(i, device, tiles, root));
	run_to_sample();
	assert_ok!(reveal(i, round.index, device, openings));
	round.index
}

/// Makes the current round look as if others had committed, too.
pub(crate) fn set_turnout(covered: u32, uncovered: u32) {
	Rounds::<Test>::mutate(CurrentRound::<Test>::get(), |round| {
		round.as_mut().unwrap().turnout = Turnout { covered, uncovered };
	});
}

/// Gives a device a buffer, with an event that tells so.
pub(crate) fn give_buffer(i: u64, device: DeviceIndex, amount: u128) {
	let worker = worker(i);
	Standings::<Test>::mutate(worker, device, |standing| {
		let standing = standing.as_mut().unwrap();
		standing.buffer += amount;
		Pallet::<Test>::deposit_event(Event::Credited {
			round: 0,
			worker,
			device,
			operator: standing.operator,
			claim: 0,
			multiplier: Default::default(),
			opened: true,
			credits: amount,
			granted: amount,
			required: 0,
			to_buffer: amount,
			paid: 0,
			buffer: standing.buffer,
		});
	});
}
