// Rents a GPU with @polkadot/api and nothing else: looks at the offers, rents the cheapest, waits until
// the lease runs, extends it, ends it, and reads the refund.
//
//   npm install @polkadot/api@16.5.6
//   node rent.mjs [ws://127.0.0.1:9944] [//Bob] [least FLOP/s of a GPU]

import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";

const [url = "ws://127.0.0.1:9944", secret = "//Bob", flops] = process.argv.slice(2);
const api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
const renter = new Keyring({ type: "sr25519", ss58Format: api.registry.chainSS58 }).addFromUri(secret);
const [symbol] = api.registry.chainTokens;
const units = (amount) => `${Number(amount) / 10 ** api.registry.chainDecimals[0]}`;

/** What a view function of the market answers, by its description in the metadata. */
async function view(name, ...inputs) {
	const { pallets } = api.runtimeMetadata.asV16;
	const { viewFunctions } = pallets.find((pallet) => pallet.name.eq("GpuMarket"));
	const { id, inputs: types, output } = viewFunctions.find((f) => f.name.eq(name));
	const encoded = inputs.map((input, i) => {
		const type = api.registry.createLookupType(types[i].type);
		return Buffer.from(api.createType(type, input).toU8a()).toString("hex");
	});
	// The function's name, then its arguments as one byte string.
	const query = api.createType("([u8; 32], Bytes)", [id.toHex(), `0x${encoded.join("")}`]);
	const raw = await api.rpc.state.call("RuntimeViewFunction_execute_view_function", query.toHex());
	// Zero says that the answer follows, as a byte string.
	const answer = api.createType("Result<Bytes, u8>", raw.toU8a(true)).asOk;
	return api.createType(api.registry.createLookupType(output), answer.toU8a(true));
}

/** Sends a call and resolves to the market's events once it stands in a block. */
function send(call) {
	return new Promise((resolve, reject) => {
		call.signAndSend(renter, ({ status, events, dispatchError }) => {
			if (dispatchError) {
				const { name, docs } = dispatchError.isModule
					? api.registry.findMetaError(dispatchError.asModule)
					: { name: dispatchError.toString(), docs: [] };
				reject(new Error(`${name}: ${docs.join(" ")}`));
			} else if (status.isInBlock) {
				const ours = events.map(({ event }) => event).filter((e) => e.section === "gpuMarket");
				resolve(Object.fromEntries(ours.map((event) => [event.method, event.data])));
			}
		}).catch(reject);
	});
}

/** Resolves when the lease is in a state for which `done` holds; `null` when it is closed. */
function wait(lease, done) {
	return new Promise((resolve) => {
		let leave;
		let over = false;
		api.query.gpuMarket.leases(lease, (found) => {
			const now = found.isSome ? found.unwrap() : null;
			if (!over && (now === null || done(now))) {
				over = true;
				leave?.();
				resolve(now);
			}
		}).then((unsubscribe) => {
			leave = unsubscribe;
			if (over) {
				leave();
			}
		});
	});
}

/** The event that closed the lease, looked for from block `from` on. */
async function closing(lease, from) {
	for (let number = from; ; number += 1) {
		const events = await api.query.system.events.at(await api.rpc.chain.getBlockHash(number));
		for (const { event } of events) {
			if (api.events.gpuMarket.Closed.is(event) && event.data.lease.eq(lease)) {
				return event.data;
			}
		}
	}
}

try {
	const ids = (await api.query.gpuMarket.offers.keys()).map((key) => key.args[0]);
	const views = await Promise.all(ids.map((id) => view("offer", id)));
	const offers = views.filter((found) => found.isSome)
		.map((found) => found.unwrap())
		.map(({ id, capacity, free, offer }) => ({ id, capacity, free, ...Object.fromEntries(offer) }))
		.filter((offer) => offer.listed.isTrue && offer.currency.isNative)
		.filter(({ capacity, free }) => free.gtn(0) && !capacity.isZero());
	for (const { id, worker, free, region, capacity, terms } of offers) {
		console.log(
			`offer ${id}: ${free} GPU of worker ${worker} in ${region.toUtf8()}, `
				+ `${Number(capacity.toBigInt()) / 1e9} GFLOP/s proven each, `
				+ `${units(terms.price)} ${symbol} per GPU and block`,
		);
	}
	if (offers.length === 0) {
		throw new Error("nobody offers a GPU: start a worker and publish an offer");
	}

	// The chain takes the cheapest of those that it is told, if it is not dearer than the ceiling and
	// proves no less than was asked for, or than 95 % of the least that was seen: so nothing can get
	// worse in between.
	const ceiling = offers.map(({ terms }) => terms.price.toBigInt()).reduce((a, b) => (a > b ? a : b));
	const least = offers.map(({ capacity }) => capacity.toBigInt()).reduce((a, b) => (a < b ? a : b));
	const minimumCapacity = flops === undefined ? (least * 95n) / 100n : BigInt(flops);
	const duration = Math.max(...offers.map(({ terms }) => terms.minimumDuration.toNumber())) + 60;
	const requirements = {
		// For a spot lease, the notice that was seen would be asked for in the same way.
		ask: { duration, maxPrice: ceiling, minimumCapacity, spot: false, minimumNotice: 0 },
		count: 1,
		currency: "Native",
		minimumMemoryMib: 0,
		region: null,
	};
	const choice = offers.slice(0, 16).map(({ id }) => id);
	const { LeaseRequested: { lease, escrow, deposit } } = await send(
		api.tx.gpuMarket.rentMatching(choice, requirements, renter.address, null),
	);
	console.log(`lease ${lease}: ${units(escrow)} ${symbol} and a deposit of ${units(deposit)} on hold`);

	const active = await wait(lease, ({ state }) => state.isActive);
	if (active === null) {
		throw new Error("the worker did not take the request; everything is refunded");
	}
	console.log(`lease ${lease} runs until block ${active.state.asActive.until}`);

	const { Extended } = await send(api.tx.gpuMarket.extend(lease, 10, ceiling));
	console.log(`extended to block ${Extended.until} for ${units(Extended.held)} ${symbol} more`);

	const from = (await api.rpc.chain.getHeader()).number.toNumber();
	const { EndAnnounced } = await send(api.tx.gpuMarket.end(lease));
	console.log(`ends at block ${EndAnnounced.until}, ${units(EndAnnounced.refund)} ${symbol} refunded`);

	await wait(lease, () => false);
	const { reason, refund } = await closing(lease, from);
	console.log(`lease ${lease} is closed (${reason}), ${units(refund)} ${symbol} refunded with it`);
} finally {
	await api.disconnect();
}
