// What a wallet or an explorer does with an Assay node, through @polkadot/api and nothing else.
//
// Needs a development node at ASSAY_RPC on which at least one worker takes part in the rounds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApiPromise, Keyring, WsProvider } from "@polkadot/api";
import { compactAddLength, u8aConcat, u8aToHex } from "@polkadot/util";

const url = process.env.ASSAY_RPC ?? "ws://127.0.0.1:9944";
const minutes = 60_000;

const wallet = "//Ferdie";

// All of the stake for proof of FLOPS, in parts in a million.
const allocations = [["Flops", 1_000_000]];

let api;
let keyring;

before(async () => {
	api = await ApiPromise.create({ provider: new WsProvider(url), noInitWarn: true });
	keyring = new Keyring({ type: "sr25519", ss58Format: api.registry.chainSS58 });
}, { timeout: 1 * minutes });

after(async () => {
	await api?.disconnect();
});

/** Submits a call and resolves to its result once it stands in a block. */
function submit(call, signer) {
	return new Promise((resolve, reject) => {
		call.signAndSend(signer, (result) => {
			if (result.status.isInBlock) {
				resolve(result);
			} else if (result.isError) {
				reject(new Error(`the node refused the transaction: ${result.status.type}`));
			}
		}).catch(reject);
	});
}

/** The call's outcome as the chain's own documentation words it; null on success. */
function documentedError(result) {
	if (!result.dispatchError) {
		return null;
	}
	assert.ok(result.dispatchError.isModule, result.dispatchError.toString());
	return api.registry.findMetaError(result.dispatchError.asModule);
}

/** Calls a pallet's view function through `state_call`, as its metadata describes it. */
async function view(pallet, name, ...inputs) {
	const metadata = api.runtimeMetadata.asV16.pallets.find((p) => p.name.eq(pallet));
	assert.ok(metadata, `no pallet ${pallet} in the metadata`);
	const description = metadata.viewFunctions.find((f) => f.name.eq(name));
	assert.ok(description, `no view function ${name} in the metadata of ${pallet}`);
	assert.equal(description.inputs.length, inputs.length);
	const encoded = inputs.map((input, i) => {
		const type = api.registry.createLookupType(description.inputs[i].type);
		return api.registry.createTypeUnsafe(type, [input]).toU8a();
	});
	// The function's id, then its arguments as one byte string.
	const query = u8aConcat(description.id.toU8a(), compactAddLength(u8aConcat(...encoded)));
	const raw = await api.rpc.state.call(
		"RuntimeViewFunction_execute_view_function",
		u8aToHex(query),
	);
	// Result<Vec<u8>, ViewFunctionDispatchError>: zero says that the value follows.
	const answer = raw.toU8a(true);
	assert.equal(answer[0], 0, `${pallet}.${name} answered with an error`);
	const value = api.registry.createType("Bytes", answer.subarray(1));
	const output = api.registry.createLookupType(description.output);
	return api.registry.createTypeUnsafe(output, [value.toU8a(true)]);
}

test("properties should name the token when read", () => {
	assert.deepEqual(api.registry.chainTokens, ["ASY"]);
	assert.deepEqual(api.registry.chainDecimals, [12]);
	assert.equal(typeof api.registry.chainSS58, "number");
	assert.equal(api.runtimeVersion.specName.toString(), "assay");
});

test("credits should be named when the asset is read", async () => {
	const metadata = await api.query.assets.metadata(1);
	assert.equal(metadata.symbol.toUtf8(), "FLOPS");
	assert.equal(metadata.decimals.toNumber(), 12);
});

test("fee should be estimated when a call is prepared", async () => {
	const ferdie = keyring.addFromUri(wallet);
	const information = await api.tx.operators.register(ferdie.address, allocations).paymentInfo(ferdie);
	assert.ok(information.partialFee.gtn(0), "a fee that is nothing");
	const asy = 10n ** 12n;
	assert.ok(information.partialFee.toBigInt() < asy, "a fee above one ASY");
});

test("operator should be registered and seen when a wallet signs", async () => {
	const ferdie = keyring.addFromUri(wallet);
	const result = await submit(api.tx.operators.register(ferdie.address, allocations), ferdie);
	assert.equal(documentedError(result), null);
	const event = result.events.find(({ event }) => event.section === "operators");
	assert.ok(event, "no event of the pallet");
	assert.ok(event.event.meta.docs.length > 0, "an event without a documentation");

	const status = await view("Operators", "operator_status", ferdie.address);
	assert.ok(status.isSome, "the view function does not know the operator");
	const operator = status.unwrap().toJSON();
	assert.equal(operator.payout, ferdie.address);
	assert.ok(BigInt(operator.bonded) > 0n, "an operator without a bond");
}, { timeout: 2 * minutes });

test("dispatch error should carry its documentation when a call fails", async () => {
	const ferdie = keyring.addFromUri(wallet);
	const result = await submit(api.tx.operators.register(ferdie.address, allocations), ferdie);
	const error = documentedError(result);
	assert.ok(error, "registering twice succeeded");
	assert.equal(error.section, "operators");
	const text = error.docs.join(" ").trim();
	assert.match(text, /\w+ \w+ \w+.*\.$/, `no sentence: ${error.name}: "${text}"`);
}, { timeout: 2 * minutes });

test("status should be readable when a worker takes part", async () => {
	const [key] = await api.query.proofOfFlops.standings.keys();
	assert.ok(key, "no device has committed yet");
	const [worker, device] = key.args;
	const status = (await view("ProofOfFlops", "status", worker, device)).toJSON();
	assert.equal(status.worker, worker.toNumber());
	assert.equal(status.device, device.toNumber());
	assert.ok(status.next, "no next step");
	assert.ok(BigInt(status.multiplier) >= 1_000_000n);
}, { timeout: 1 * minutes });

test("events should all decode when a whole round is followed", async () => {
	const wanted = ["RoundOpened", "Committed", "RoundSampled", "Revealed", "Credited"];
	const seen = new Map();
	let followed = null;
	let next = (await api.rpc.chain.getHeader()).number.toNumber();
	const until = Date.now() + 3 * minutes;
	while (seen.size < wanted.length) {
		assert.ok(Date.now() < until, `round ${followed}: saw only ${[...seen.keys()]}`);
		const best = (await api.rpc.chain.getHeader()).number.toNumber();
		for (; next <= best; next++) {
			const hash = await api.rpc.chain.getBlockHash(next);
			const records = await (await api.at(hash)).query.system.events();
			for (const { event } of records) {
				// Decoding is complete when what was decoded encodes to the same bytes.
				const again = api.registry.createType("Event", event.toU8a());
				assert.deepEqual(again.toU8a(), event.toU8a());
				assert.ok(Object.keys(event.toHuman()).length > 0);
				if (event.section !== "proofOfFlops") {
					continue;
				}
				assert.ok(event.meta.docs.length > 0, `${event.method} is not documented`);
				const round = event.data.names?.includes("round") && event.data.round?.toNumber();
				if (event.method === "RoundOpened" && followed === null) {
					followed = round;
				}
				if (followed !== null && round === followed && wanted.includes(event.method)) {
					seen.set(event.method, event.toHuman());
				}
			}
		}
		await new Promise((resolve) => setTimeout(resolve, 300));
	}
}, { timeout: 4 * minutes });
