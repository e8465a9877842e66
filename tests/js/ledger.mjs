// The books of the GPU market, kept from its events alone, and compared with the chain.
//
// Nothing of the pallet's state is read until the comparison at the end: what is on hold for whom, what
// every open lease still has in escrow, and what was paid and burnt follow from the events. What was paid
// and burnt is compared with what the currencies' own pallets say of it in theirs.
//
//   node ledger.mjs [ws://127.0.0.1:9944]

import assert from "node:assert/strict";
import { pathToFileURL } from "node:url";
import { ApiPromise, WsProvider } from "@polkadot/api";

/** Amounts by key; an amount below zero is an error, one of zero is no entry. */
class Amounts {
	entries = new Map();

	add(key, amount) {
		const sum = (this.entries.get(key) ?? 0n) + amount;
		assert.ok(sum >= 0n, `${key} would have ${sum}`);
		if (sum === 0n) {
			this.entries.delete(key);
		} else {
			this.entries.set(key, sum);
		}
	}

	/** Those whose key contains the word, as an object with sorted keys. */
	toObject(word = "") {
		const found = [...this.entries].filter(([key]) => key.includes(word));
		return Object.fromEntries(found.sort());
	}
}

/**
 * What the pallets of both currencies say of the market's holds in their own events. They know nothing of
 * leases.
 *
 * A payment out of a hold has an event in the native token only. One in credits has none, and the payee's
 * balance tells nothing either, as it changes by minted credits and fees in the same blocks; but it
 * is all that leaves a hold and was neither released nor burnt, so that its sum for each renter is exact.
 */
export class Moves {
	/** Put on hold and not released, burnt, or (native) paid, by "reason currency account". */
	held = new Amounts();
	/** Burnt out of holds, by currency. */
	burnt = new Amounts();
	/** Paid out of holds in the native token, by "currency account" of the payee. */
	paid = new Amounts();

	/** Takes one event of any pallet. */
	apply(event) {
		const currency = { balances: "Native", assetsHolder: "Credits" }[event.section];
		const { reason, who, source, dest, amount } = event.data;
		if (currency === undefined || !reason?.isGpuMarket) {
			return;
		}
		const key = `${reason.asGpuMarket.type} ${currency} ${who ?? source}`;
		const sum = amount.toBigInt();
		switch (event.method) {
			case "Held":
				this.held.add(key, sum);
				break;
			case "Released":
				this.held.add(key, -sum);
				break;
			case "BurnedHeld":
			case "Burned":
				this.held.add(key, -sum);
				this.burnt.add(currency, sum);
				break;
			case "TransferOnHold":
				this.held.add(key, -sum);
				this.paid.add(`${currency} ${dest}`, sum);
				break;
			default:
				assert.fail(`${event.section}.${event.method} of the market's holds`);
		}
	}
}

export class Ledger {
	/** What the currencies' own pallets say. */
	moves = new Moves();
	/** Open offers: their operator and deposit. */
	offers = new Map();
	/** Open leases: their renter, currency, deposit, escrow and what of it is owed. */
	leases = new Map();
	/** On hold, by "reason currency account". */
	holds = new Amounts();
	/** Paid to payout accounts, by "currency account". */
	paid = new Amounts();
	/** Paid out of holds, by "Escrow currency account" of the renter. */
	spent = new Amounts();
	/** Burnt, by currency. */
	burnt = new Amounts();
	/** Reasons of closed leases, counted. */
	closed = new Map();

	hold(reason, currency, account, amount) {
		this.holds.add(`${reason} ${currency} ${account}`, amount);
	}

	lease(id) {
		const lease = this.leases.get(id);
		assert.ok(lease, `no lease ${id}`);
		return lease;
	}

	/** Changes the escrow of a lease and the hold behind it. */
	escrow(lease, amount) {
		lease.escrow += amount;
		assert.ok(lease.escrow >= 0n, "an escrow would be negative");
		this.hold("Escrow", lease.currency, lease.renter, amount);
	}

	/** Takes one event of the market; `data` has plain strings and integers. */
	apply(name, data) {
		const id = data.lease;
		switch (name) {
			case "OfferCreated":
				this.offers.set(data.offer, { operator: data.operator, deposit: data.deposit });
				this.hold("OfferDeposit", "Native", data.operator, data.deposit);
				break;
			case "OfferRemoved": {
				const offer = this.offers.get(data.offer);
				assert.ok(offer, `no offer ${data.offer}`);
				assert.equal(offer.deposit, data.deposit);
				this.offers.delete(data.offer);
				this.hold("OfferDeposit", "Native", offer.operator, -offer.deposit);
				break;
			}
			case "LeaseRequested": {
				const { renter, currency, deposit } = data;
				const lease = { renter, currency, deposit, escrow: 0n, owed: 0n };
				assert.equal(data.escrow, data.price * data.count * data.duration);
				this.leases.set(id, lease);
				this.escrow(lease, data.escrow);
				this.hold("LeaseDeposit", "Native", renter, deposit);
				break;
			}
			case "Settled": {
				const lease = this.lease(id);
				this.escrow(lease, -(data.paid + data.fee + data.refund));
				lease.owed = data.owed;
				assert.ok(lease.owed <= lease.escrow, "more is owed than is held");
				if (data.paid > 0n) {
					this.paid.add(`${lease.currency} ${data.payout}`, data.paid);
					this.spent.add(`Escrow ${lease.currency} ${lease.renter}`, data.paid);
				}
				this.burnt.add(lease.currency, data.fee);
				break;
			}
			case "Extended":
			case "ToppedUp":
				this.escrow(this.lease(id), data.held);
				break;
			case "EndAnnounced":
				this.escrow(this.lease(id), -data.refund);
				break;
			case "Closed": {
				const lease = this.lease(id);
				assert.equal(lease.owed, data.burnt, "what is owed at the end is burnt");
				this.escrow(lease, -(data.refund + data.fee + data.burnt));
				assert.equal(lease.escrow, 0n, "an escrow is left over");
				assert.equal(lease.deposit, data.deposit);
				this.hold("LeaseDeposit", "Native", lease.renter, -lease.deposit);
				this.burnt.add(lease.currency, data.fee + data.burnt);
				this.leases.delete(id);
				this.closed.set(data.reason, (this.closed.get(data.reason) ?? 0) + 1);
				break;
			}
			case "RefundWithheld":
				this.hold("Escrow", data.currency, data.renter, data.amount);
				break;
			case "RefundReleased":
				this.hold("Escrow", data.currency, data.renter, -data.amount);
				break;
		}
	}
}

/** A field of an event as a string or, for numbers, an integer. */
function plain(value) {
	// Before `isNone`, which an enum answers, too: whether its variant carries nothing.
	if (typeof value.isBasic === "boolean") {
		return value.isBasic ? value.toString() : value.toJSON();
	}
	if (value.isNone) {
		return null;
	}
	const inner = value.isSome ? value.unwrap() : value;
	if (typeof inner.toBigInt === "function") {
		return inner.toBigInt();
	}
	return inner.toString();
}

/** The ledger of all blocks up to and including the one with this hash. */
export async function replay(api, hash) {
	const ledger = new Ledger();
	const last = (await api.rpc.chain.getHeader(hash)).number.toNumber();
	for (let number = 1; number <= last; number += 1) {
		const block = await api.rpc.chain.getBlockHash(number);
		for (const { event } of await api.query.system.events.at(block)) {
			if (event.section === "gpuMarket") {
				const names = event.data.names;
				const fields = names.map((field, index) => [field, plain(event.data[index])]);
				ledger.apply(event.method, Object.fromEntries(fields));
			} else {
				ledger.moves.apply(event);
			}
		}
	}
	return ledger;
}

/** What the chain itself has on hold for the market, in the ledger's words. */
async function holdsOf(at) {
	const holds = new Amounts();
	const note = (account, entries, currency) => {
		for (const { id, amount } of entries) {
			if (id.isGpuMarket) {
				const key = `${id.asGpuMarket.type} ${currency} ${account}`;
				holds.add(key, amount.toBigInt());
			}
		}
	};
	for (const [key, entries] of await at.query.balances.holds.entries()) {
		note(key.args[0].toString(), entries, "Native");
	}
	for (const [key, entries] of await at.query.assetsHolder.holds.entries()) {
		note(key.args[1].toString(), entries, "Credits");
	}
	return holds;
}

/** Throws unless the ledger and the chain's state at that block are the same. */
export async function compare(api, ledger, hash) {
	const at = await api.at(hash);
	assert.deepEqual(ledger.holds.toObject(), (await holdsOf(at)).toObject(), "holds");
	const { moves } = ledger;
	assert.deepEqual(ledger.burnt.toObject(), moves.burnt.toObject(), "burnt");
	assert.deepEqual(ledger.paid.toObject("Native "), moves.paid.toObject(), "paid");
	const left = new Amounts();
	moves.held.entries.forEach((amount, key) => left.add(key, amount));
	ledger.holds.entries.forEach((amount, key) => left.add(key, -amount));
	assert.deepEqual(ledger.spent.toObject(" Credits "), left.toObject(), "paid in credits");
	const leases = (await at.query.gpuMarket.leases.entries()).map(([key, lease]) => {
		const { renter, currency, deposit, escrow, owed } = lease.unwrap();
		return [key.args[0].toBigInt(), {
			renter: renter.toString(),
			currency: currency.type,
			deposit: deposit.toBigInt(),
			escrow: escrow.toBigInt(),
			owed: owed.toBigInt(),
		}];
	});
	assert.deepEqual(new Map([...ledger.leases].sort()), new Map(leases.sort()), "leases");
	const offers = (await at.query.gpuMarket.offers.entries()).map(([key, offer]) => {
		const { operator, deposit } = offer.unwrap();
		return [key.args[0].toBigInt(), {
			operator: operator.toString(),
			deposit: deposit.toBigInt(),
		}];
	});
	assert.deepEqual(new Map([...ledger.offers].sort()), new Map(offers.sort()), "offers");
}

async function main() {
	const url = process.argv[2] ?? process.env.ASSAY_RPC ?? "ws://127.0.0.1:9944";
	const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
	try {
		const hash = await api.rpc.chain.getFinalizedHead();
		const ledger = await replay(api, hash);
		await compare(api, ledger, hash);
		const text = (_, value) => (typeof value === "bigint" ? `${value}` : value);
		const show = (amounts) => JSON.stringify(amounts.toObject(), text);
		console.log(`open offers ${ledger.offers.size}, open leases ${ledger.leases.size}`);
		console.log(`closed leases ${JSON.stringify(Object.fromEntries(ledger.closed))}`);
		console.log(`paid ${show(ledger.paid)}`);
		console.log(`burnt ${show(ledger.burnt)}`);
		console.log("the books and the chain agree");
	} finally {
		await api.disconnect();
	}
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
	await main();
}
