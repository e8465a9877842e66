//! A runtime of System, the balances, the credits, the operators and this pallet.

use crate::{self as pallet_gpu_market, *};
use assay_market::{Amounts, Blocks, Currency, Parameters as Rules};
use frame_support::{
	assert_ok, derive_impl,
	dispatch::{DispatchResult, DispatchResultWithPostInfo},
	ensure, parameter_types,
	traits::{
		fungible::{Inspect as _, ItemOf, Mutate as _},
		fungibles::{Inspect as _, Mutate as _},
		AsEnsureOriginWithArg, ConstU128, ConstU16, ConstU32, ConstU64,
	},
	PalletId,
};
use pallet_operators::{DeviceIndex, Fault, Obligation, Security, Service, WorkerId, Workers as _};
use pallet_proof_of_flops::Proven;
use sp_runtime::{BuildStorage, DispatchError};
use std::collections::BTreeMap;

/// The credits' asset.
pub(crate) const FLOPS: u32 = 1;
/// Its admin and freezer.
pub(crate) const ADMIN: u64 = 999;
/// The existential deposit of the native token and the least balance of credits.
pub(crate) const ED: Balance = 10;
/// Held for an offer.
pub(crate) const OFFER_DEPOSIT: Balance = 40;
/// Held for a lease.
pub(crate) const LEASE_DEPOSIT: Balance = 30;
/// Bond of every operator of the genesis.
pub(crate) const BOND: Balance = 10_000;
/// What every renter begins with in either currency.
pub(crate) const FUNDS: Balance = 10_000_000;
/// Devices of every worker of the genesis.
pub(crate) const DEVICES: DeviceIndex = 4;
/// Proven FLOP/s of each of them.
pub(crate) const CAPACITY: u64 = 1_000;
/// Operators of the genesis, each with one worker.
pub(crate) const OPERATORS: u64 = 4;

/// Renters of the genesis.
pub(crate) const ALICE: u64 = 301;
/// Another one.
pub(crate) const BOB: u64 = 302;
/// Another one.
pub(crate) const CAROL: u64 = 303;

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
	#[runtime::pallet_index(21)]
	pub type Operators = pallet_operators;
	#[runtime::pallet_index(24)]
	pub type Market = pallet_gpu_market;
}

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<Balance>;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type Balance = Balance;
	type ExistentialDeposit = ConstU128<ED>;
	type AccountStore = System;
}

#[derive_impl(pallet_assets::config_preludes::TestDefaultConfig)]
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
	/// What each device proves.
	pub static Capacities: BTreeMap<(WorkerId, DeviceIndex), u64> = BTreeMap::new();
	/// What each device has proven so far, if that matters.
	pub static Histories: BTreeMap<(WorkerId, DeviceIndex), Proven> = BTreeMap::new();
	/// Whether nobody can be convicted.
	pub static Immune: bool = false;
	/// What tests moved outside the market: account, currency, change of its total balance.
	pub static Outside: BTreeMap<(u64, Currency), i128> = BTreeMap::new();
	// The first eight bytes, `modl` included, are all that an account of this runtime keeps.
	pub const DelegationPot: PalletId = PalletId(*b"delegate");
	pub const RewardsPot: PalletId = PalletId(*b"rewards!");
}

/// Proven capacity by a table that tests write.
pub struct Table;

impl pallet_proof_of_flops::Capacity for Table {
	fn capacity(worker: WorkerId, device: DeviceIndex) -> u64 {
		Capacities::get().get(&(worker, device)).copied().unwrap_or(0)
	}

	fn proven(worker: WorkerId, device: DeviceIndex) -> Proven {
		Histories::get().get(&(worker, device)).copied().unwrap_or_default()
	}

	fn capacity_since(worker: WorkerId, device: DeviceIndex, then: Proven) -> u64 {
		match Self::proven(worker, device).since(then) {
			(_, 0) => Self::capacity(worker, device),
			(mean, _) => mean.into(),
		}
	}
}

impl pallet_operators::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Rounds = ();
	type OpenObligations = Market;
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
	type MaxDevices = ConstU16<32>;
	type MaxUnbondingChunks = ConstU32<4>;
	type MaxDescription = ConstU32<32>;
	type MaxReason = ConstU32<32>;
	type WeightInfo = ();
}

impl Config for Test {
	type RuntimeHoldReason = RuntimeHoldReason;
	type Native = Balances;
	type Credits = ItemOf<AssetsHolder, ConstU32<FLOPS>, u64>;
	type Workers = Operators;
	type Security = Stake;
	type Occupancy = Operators;
	type Capacity = Table;
	type OfferDeposit = ConstU128<OFFER_DEPOSIT>;
	type LeaseDeposit = ConstU128<LEASE_DEPOSIT>;
	type WeightInfo = ();
	type BenchmarkHelper = Bench;
}

/// The stake of `pallet-operators`, which can be taken unless tests say otherwise.
pub struct Stake;

impl Security<u64, Balance, u64> for Stake {
	fn reserve(
		operator: &u64,
		service: Service,
		obligation: Obligation,
		amount: Balance,
	) -> DispatchResult {
		<Operators as Security<_, _, _>>::reserve(operator, service, obligation, amount)
	}

	fn release(operator: &u64, service: Service, obligation: Obligation) -> DispatchResult {
		<Operators as Security<_, _, _>>::release(operator, service, obligation)
	}

	fn reserved(operator: &u64, service: Service, obligation: Obligation) -> Balance {
		<Operators as Security<_, _, _>>::reserved(operator, service, obligation)
	}

	fn free_stake(operator: &u64, service: Service) -> Balance {
		<Operators as Security<_, _, _>>::free_stake(operator, service)
	}

	fn convict(
		operator: &u64,
		service: Service,
		obligation: Obligation,
		fault: Fault,
		prover: Option<&u64>,
	) -> Result<Balance, DispatchError> {
		ensure!(!Immune::get(), DispatchError::Unavailable);
		<Operators as Security<_, _, _>>::convict(operator, service, obligation, fault, prover)
	}

	fn voided_at(operator: &u64, service: Service) -> Option<u64> {
		<Operators as Security<_, _, _>>::voided_at(operator, service)
	}
}

/// Workers for the benchmarks, whose capacity is in the table.
pub struct Bench;

impl BenchmarkMarket<u64> for Bench {
	fn create_worker(key: u64, devices: DeviceIndex, stake: Balance) -> (u64, WorkerId) {
		crate::benchmarking::register::<Test>(key, devices, stake)
	}

	fn prove(_: &u64, worker: WorkerId, device: DeviceIndex) {
		prove(worker, device, CAPACITY);
	}
}

/// Heartbeats every 10 blocks, 30 of grace, 20 to take a request, 10 of notice; a fee of 2 %, at
/// least 5 native units or 7 of the credits' for a GPU and block.
pub(crate) const RULES: Rules = Rules {
	minimum_fee: Amounts { native: 5, credits: 7 },
	lease_stake: 100,
	..Rules::DEVELOPMENT
};

/// Price of the offers that tests make.
pub(crate) const PRICE: Balance = 100;
/// Spot price of the offers that tests make.
pub(crate) const SPOT_PRICE: Balance = 60;
/// Notice of their spot leases.
pub(crate) const SPOT_NOTICE: Blocks = 15;

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

/// The state after genesis.
pub(crate) fn genesis() -> sp_io::TestExternalities {
	let renters = [ALICE, BOB, CAROL];
	let mut balances = vec![(ADMIN, 1_000_000)];
	for i in 0..OPERATORS {
		balances.extend([(operator(i), 10 * BOND), (hot_key(i), 1_000), (payout(i), 1_000)]);
	}
	balances.extend(renters.map(|renter| (renter, FUNDS)));
	let mut credits: Vec<_> = renters.map(|renter| (FLOPS, renter, FUNDS)).to_vec();
	credits.extend((0..OPERATORS).map(|i| (FLOPS, payout(i), 1_000)));
	RuntimeGenesisConfig {
		balances: pallet_balances::GenesisConfig { balances, ..Default::default() },
		assets: pallet_assets::GenesisConfig {
			assets: vec![(FLOPS, ADMIN, true, ED)],
			accounts: credits,
			..Default::default()
		},
		operators: pallet_operators::GenesisConfig {
			operators: (0..OPERATORS)
				.map(|i| {
					let market = vec![(Service::Market, 1_000_000)];
					(operator(i), payout(i), BOND, market, vec![(hot_key(i), DEVICES)])
				})
				.collect(),
			..Default::default()
		},
		market: crate::GenesisConfig { parameters: RULES, ..Default::default() },
		..Default::default()
	}
	.build_storage()
	.unwrap()
	.into()
}

/// The state in block 1, with capacity proven.
pub(crate) fn new_test_ext() -> sp_io::TestExternalities {
	pallet_operators::testing::alarm();
	let mut ext = genesis();
	ext.execute_with(|| {
		System::set_block_number(1);
		Capacities::set(BTreeMap::new());
		Outside::set(BTreeMap::new());
		Immune::set(false);
		for i in 0..OPERATORS {
			for device in 0..DEVICES {
				prove(worker(i), device, CAPACITY);
			}
		}
	});
	ext
}

/// Runs `test` from block 1 on, and checks all invariants afterwards, those of money against a
/// ledger that knows nothing but events.
pub(crate) fn build_and_execute(test: impl FnOnce()) {
	new_test_ext().execute_with(|| {
		let before = crate::tests::ledger::Balances::now();
		test();
		assert_ok!(Market::do_try_state());
		let mut ledger = crate::tests::ledger::Ledger::default();
		events().into_iter().for_each(|event| ledger.apply(event));
		ledger.check(&before);
	});
}

/// Writes what a device proves.
pub(crate) fn prove(worker: WorkerId, device: DeviceIndex, capacity: u64) {
	Capacities::mutate(|table| table.insert((worker, device), capacity));
}

/// The origin of an account.
pub(crate) fn signed(who: u64) -> RuntimeOrigin {
	RuntimeOrigin::signed(who)
}

/// The pallet's events so far.
pub(crate) fn events() -> Vec<Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Market(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// The pallet's latest event.
pub(crate) fn last_event() -> Event<Test> {
	events().pop().unwrap()
}

/// How the lease was closed: reason, refund, burnt, and stake that was taken.
pub(crate) fn closed(id: LeaseId) -> Option<(CloseReason, Balance, Balance, Balance)> {
	events().into_iter().find_map(|event| match event {
		Event::Closed { lease, reason, refund, burnt, fee, convicted, .. } if lease == id => {
			Some((reason, refund, burnt + fee, convicted))
		}
		_ => None,
	})
}

/// The current block.
pub(crate) fn now() -> Blocks {
	System::block_number().try_into().unwrap()
}

/// Goes to a block in which nobody does anything.
pub(crate) fn go_to(block: Blocks) {
	assert!(block >= now());
	System::set_block_number(block.into());
}

/// Lets blocks go by in which nobody does anything.
pub(crate) fn skip(blocks: Blocks) {
	go_to(now() + blocks);
}

/// Lets blocks go by in which the worker of operator `i` beats at every interval.
pub(crate) fn serve(i: u64, blocks: Blocks) {
	let end = now() + blocks;
	while now() < end {
		skip((end - now()).min(RULES.interval));
		let presence = Presences::<Test>::get(worker(i)).unwrap();
		if !presence.attendance.is_early(now(), &Parameters::<Test>::get()) {
			assert_ok!(beat(i));
		}
	}
}

/// A heartbeat of the worker of operator `i`.
pub(crate) fn beat(i: u64) -> DispatchResultWithPostInfo {
	Market::heartbeat(signed(hot_key(i)))
}

/// The terms of the offers that tests make: up to `count` devices for 10 to 1,000 blocks.
pub(crate) fn terms(count: u32) -> Terms {
	Terms {
		price: PRICE,
		spot: Some(Spot { price: SPOT_PRICE, notice: SPOT_NOTICE }),
		minimum_duration: 10,
		maximum_duration: 1_000,
		maximum_count: count,
	}
}

/// Devices `0..count`.
pub(crate) fn devices(count: DeviceIndex) -> Devices {
	(0..count).collect::<Vec<_>>().try_into().unwrap()
}

/// Region of the offers that tests make.
pub(crate) fn region() -> Region {
	b"eu-west".to_vec().try_into().unwrap()
}

/// Publishes an offer of operator `i` with its first devices.
pub(crate) fn offer_in(i: u64, count: DeviceIndex, currency: Currency) -> OfferId {
	let id = NextOffer::<Test>::get();
	assert_ok!(Market::create_offer(
		signed(operator(i)),
		worker(i),
		devices(count),
		currency,
		16_384,
		region(),
		terms(count.into()),
	));
	id
}

/// Publishes an offer of all devices of operator `i`, for native tokens.
pub(crate) fn offer(i: u64) -> OfferId {
	offer_in(i, DEVICES, Currency::Native)
}

/// An ask that every offer of the tests meets.
pub(crate) fn ask(duration: Blocks) -> Ask {
	Ask { duration, max_price: PRICE, minimum_capacity: CAPACITY, spot: false, minimum_notice: 0 }
}

/// A member of a cluster: `count` devices of an offer.
pub(crate) fn member(offer: OfferId, count: u32, duration: Blocks) -> Member {
	Member { offer, count, ask: ask(duration) }
}

/// Rents several offers together, each with a count of its devices.
pub(crate) fn rent_cluster(
	who: u64,
	members: &[(OfferId, u32)],
	duration: Blocks,
) -> DispatchResult {
	let members = members.iter().map(|(offer, count)| member(*offer, *count, duration));
	let members = members.collect::<Vec<_>>().try_into().unwrap();
	Market::rent_cluster(signed(who), members, who, None)
}

/// Rents `count` devices of an offer.
pub(crate) fn rent(who: u64, offer: OfferId, count: u32, duration: Blocks) -> DispatchResult {
	Market::rent(signed(who), offer, count, ask(duration), who, None)
}

/// Rents `count` devices of an offer, and returns the lease.
pub(crate) fn rented(who: u64, offer: OfferId, count: u32, duration: Blocks) -> LeaseId {
	let id = NextLease::<Test>::get();
	assert_ok!(rent(who, offer, count, duration));
	id
}

/// The worker of operator `i` takes a request with its first devices that are neither leased nor
/// promised to the same cluster.
pub(crate) fn ready(i: u64, lease: LeaseId) -> DispatchResultWithPostInfo {
	let (count, cluster) =
		Leases::<Test>::get(lease).map_or((1, None), |lease| (lease.count, lease.cluster));
	let used: Vec<_> = Leases::<Test>::iter_values()
		.filter(|lease| match lease.state {
			LeaseState::Requested { .. } => false,
			LeaseState::Waiting { .. } => lease.cluster == cluster,
			LeaseState::Active(_) => true,
		})
		.filter(|lease| lease.worker == worker(i))
		.flat_map(|lease| lease.devices.into_inner())
		.collect();
	let free: Vec<_> = (0..DEVICES)
		.filter(|device| !used.contains(device))
		.take(usize::try_from(count).unwrap())
		.collect();
	Market::ready(signed(hot_key(i)), lease, free.try_into().unwrap())
}

/// A lease of `count` devices of operator `i` that runs from this block on.
pub(crate) fn running(i: u64, count: u32, duration: Blocks) -> LeaseId {
	running_in(i, count, duration, Currency::Native)
}

/// Like [`running`], in one of the currencies.
pub(crate) fn running_in(i: u64, count: u32, duration: Blocks, currency: Currency) -> LeaseId {
	let offer = offer_in(i, DEVICES, currency);
	let lease = rented(ALICE, offer, count, duration);
	assert_ok!(ready(i, lease));
	lease
}

/// Settles by somebody who has nothing to do with it.
pub(crate) fn settle(lease: LeaseId) -> DispatchResultWithPostInfo {
	Market::settle(signed(ADMIN), lease)
}

/// A lease.
pub(crate) fn lease(id: LeaseId) -> Lease<u64> {
	Leases::<Test>::get(id).unwrap()
}

/// A lease that runs.
pub(crate) fn run_of(id: LeaseId) -> Running {
	match lease(id).state {
		LeaseState::Active(running) => running,
		state => panic!("{state:?}"),
	}
}

/// All that an account has in a currency, holds included.
pub(crate) fn wealth(who: u64, currency: Currency) -> Balance {
	match currency {
		Currency::Native => Balances::total_balance(&who),
		Currency::Credits => AssetsHolder::total_balance(FLOPS, &who),
	}
}

/// What an account can spend in a currency.
pub(crate) fn free(who: u64, currency: Currency) -> Balance {
	match currency {
		Currency::Native => Balances::balance(&who),
		Currency::Credits => AssetsHolder::balance(FLOPS, &who),
	}
}

/// What there is of a currency.
pub(crate) fn issuance(currency: Currency) -> Balance {
	match currency {
		Currency::Native => Balances::total_issuance(),
		Currency::Credits => AssetsHolder::total_issuance(FLOPS),
	}
}

/// Sends native tokens outside the market.
pub(crate) fn send(from: u64, to: u64, amount: Balance) {
	let before = wealth(to, Currency::Native);
	assert_ok!(<Balances as frame_support::traits::fungible::Mutate<u64>>::transfer(
		&from,
		&to,
		amount,
		frame_support::traits::tokens::Preservation::Expendable,
	));
	let got = wealth(to, Currency::Native) - before;
	note(from, Currency::Native, -i128::try_from(amount).unwrap());
	note(to, Currency::Native, i128::try_from(got).unwrap());
}

/// Gives somebody more of a currency.
pub(crate) fn endow(who: u64, currency: Currency, amount: Balance) {
	match currency {
		Currency::Native => Balances::mint_into(&who, amount),
		Currency::Credits => Assets::mint_into(FLOPS, &who, amount),
	}
	.unwrap();
	note(who, currency, i128::try_from(amount).unwrap());
}

/// Notes a change of somebody's total balance that the market knows nothing of.
pub(crate) fn note(who: u64, currency: Currency, change: i128) {
	Outside::mutate(|sums| *sums.entry((who, currency)).or_default() += change);
}

/// An address without a certificate.
pub(crate) fn endpoint(url: &str) -> Endpoint {
	Endpoint { url: url.as_bytes().to_vec().try_into().unwrap(), certificate: None }
}
