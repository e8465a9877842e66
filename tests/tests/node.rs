//! The node as its operator and its attackers meet it.

use std::time::Duration;

use assay_tests::{
	chain::{eventually, Chain},
	full,
	node::{patched_specification, run_node, Node, NodeOptions},
	process::free_port,
	Machine,
};
use serde_json::{json, Value};
use subxt::dynamic::{At, Value as Argument};
use subxt_signer::sr25519::dev;

const SECONDS: Duration = Duration::from_secs(1);

/// Blocks five times a second, so that rounds run while the test waits.
fn fast() -> NodeOptions {
	NodeOptions { block_time_ms: Some(200), ..Default::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn n05_node_should_come_back_with_monotonic_finality_when_killed_again_and_again() {
	let machine = Machine::take().await;
	let mut node = Node::start(machine.path("node"), fast()).await;
	let genesis = node.chain().await.hash(0).await;
	let mut final_blocks: Vec<(u32, String)> = Vec::new();
	let mut rounds = 0;
	for turn in 1..=if full() { 50 } else { 5 } {
		let chain = node.chain().await;
		assert_eq!(chain.hash(0).await, genesis, "turn {turn}: another chain");
		let last = final_blocks.last().map_or(0, |(number, _)| *number);
		// Enough blocks that a round opens now and then.
		chain.wait_finalized(last + 12, 60 * SECONDS).await;
		for (number, hash) in &final_blocks {
			assert_eq!(
				chain.hash(*number).await.as_ref(),
				Some(hash),
				"turn {turn}: the final block {number} was replaced"
			);
		}
		let finalized = chain.finalized().await;
		assert!(finalized.0 > last, "turn {turn}: finality stands at {}", finalized.0);
		for number in last + 1..=finalized.0 {
			let events = chain.events(number).await;
			rounds += events.iter().filter(|event| event.is("ProofOfFlops", "RoundOpened")).count();
		}
		final_blocks.push(chain.finalized().await);
		node.kill();
		node.restart().await;
	}
	assert!(rounds > 0, "no round opened while the node was killed");
	let log = node.log().to_lowercase();
	for sign in ["corrupt", "repair", "panicked"] {
		assert!(!log.contains(sign), "the log speaks of \"{sign}\"");
	}
	assert!(node.stop().success(), "the node does not stop cleanly");
}

#[tokio::test(flavor = "multi_thread")]
async fn n07_unsafe_rpc_should_be_refused_when_asked_from_outside() {
	let machine = Machine::take().await;
	let options = NodeOptions { arguments: vec!["--rpc-external".into()], ..fast() };
	let node = Node::start(machine.path("node"), options).await;
	let chain = node.chain().await;
	let key = format!("0x{}", "11".repeat(32));
	for (method, parameters) in [
		("author_insertKey", vec![json!("babe"), json!("//Mallory"), json!(key)]),
		("author_rotateKeys", vec![]),
		("author_removeExtrinsic", vec![json!([])]),
		("system_addReservedPeer", vec![json!("/ip4/127.0.0.1/tcp/1/p2p/x")]),
		("offchain_localStorageSet", vec![json!("PERSISTENT"), json!("0x00"), json!("0x00")]),
	] {
		let refusal = chain.request(method, parameters).await.expect_err(method);
		assert!(refusal.contains("unsafe"), "{method}: {refusal}");
	}
	assert!(chain.request("system_health", vec![]).await.is_ok());
}

/// Submits a signed transaction; `Err` holds the node's words.
async fn submit(chain: &Chain, transaction: &Value) -> Result<Value, String> {
	chain.request("author_submitExtrinsic", vec![transaction.clone()]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn m15_transaction_should_be_refused_when_it_was_signed_for_another_chain() {
	let machine = Machine::take().await;
	let here = Node::start(machine.path("here"), fast()).await;
	let patch = json!({ "timing": { "epochLength": 30 } });
	let chain = Some(patched_specification(machine.folder(), &patch));
	let there = Node::start(machine.path("there"), NodeOptions { chain, ..fast() }).await;
	let (here, there) = (here.chain().await, there.chain().await);
	assert_ne!(here.hash(0).await, there.hash(0).await, "one chain is no test");
	let remark = vec![Argument::from_bytes(b"pay me")];
	let signed = here.signed("System", "remark", remark, &dev::bob(), (0, 0)).await;
	let refusal = submit(&there, &signed).await.expect_err("a transaction of another chain");
	assert!(refusal.contains("Invalid Transaction"), "{refusal}");
	// The two chains differ in nothing else that it could be refused for.
	submit(&here, &signed).await.expect("a transaction of this chain");
}

#[tokio::test(flavor = "multi_thread")]
async fn m14_honest_transaction_should_be_included_when_one_account_floods_the_pool() {
	const FLOOD: u64 = 400;
	let machine = Machine::take().await;
	let node = Node::start(machine.path("node"), NodeOptions::default()).await;
	let chain = node.chain().await;
	let (flooder, honest) = (dev::ferdie(), dev::dave());
	let before = chain.free_balance(flooder.public_key().0).await;
	// Heartbeats go before other calls and raise no fee: only a worker's are taken.
	let heartbeat = chain.signed("GpuMarket", "heartbeat", vec![], &flooder, (0, 0)).await;
	let refusal = submit(&chain, &heartbeat).await.expect_err("a heartbeat of no worker");
	assert!(refusal.contains("Invalid signing address"), "{refusal}");
	// Ten blocks of settlements of no lease: what is free for those that succeed.
	let mut flood = Vec::new();
	for nonce in 0..FLOOD {
		let lease = vec![Argument::u128(nonce.into())];
		flood.push(chain.signed("GpuMarket", "settle", lease, &flooder, (nonce, 0)).await);
	}
	// With the least tip there is, because it weighs more than what the flood is made of: the pool
	// orders by the tip for the weight.
	let remark =
		Argument::named_variant("remark_with_event", [("remark", Argument::from_bytes(b"I, too"))]);
	let settle = Argument::named_variant("settle", [("lease", Argument::u128(0))]);
	let calls = [("System", remark), ("GpuMarket", settle)];
	let calls = calls.map(|(pallet, call)| Argument::unnamed_variant(pallet, [call]));
	let calls = vec![Argument::unnamed_composite(calls)];
	let honest = chain.signed("Utility", "batch", calls, &honest, (0, 1)).await;
	for transaction in &flood {
		submit(&chain, transaction).await.expect("the pool has room");
	}
	let submitted_at = chain.best().await;
	submit(&chain, &honest).await.expect("the pool has room for everybody");
	let included_at = eventually("the honest transaction", 30 * SECONDS, || async {
		for number in submitted_at..=chain.best().await {
			if chain.events(number).await.iter().any(|event| event.is("System", "Remarked")) {
				return Some(number);
			}
		}
		None
	})
	.await;
	assert!(included_at <= submitted_at + 2, "submitted at {submitted_at}, in {included_at}");
	// Nothing of it was free.
	let keys = vec![Argument::from_bytes(flooder.public_key().0)];
	eventually("all of the flood", 60 * SECONDS, || async {
		let account = chain.stored("System", "Account", keys.clone()).await?;
		(account.at("nonce")?.as_u128()? == u128::from(FLOOD)).then_some(())
	})
	.await;
	let spent = before - chain.free_balance(flooder.public_key().0).await;
	let one = chain.request("payment_queryInfo", vec![flood[0].clone(), Value::Null]).await;
	let one = one.expect("a fee")["partialFee"].as_str().and_then(|fee| fee.parse::<u128>().ok());
	let one = one.expect("an amount");
	assert!(one > 0 && spent >= one * u128::from(FLOOD) / 2, "{spent} for {FLOOD} of about {one}");
}

#[test]
fn m16_live_specification_should_have_no_sudo_and_no_known_key_when_exported() {
	let output = run_node(&["export-chain-spec", "--chain", "live"], 60 * SECONDS);
	assert!(output.success, "{}", output.stderr);
	let specification: Value = serde_json::from_str(&output.stdout).expect("JSON");
	assert_eq!(specification["chainType"], "Live");
	assert_eq!(specification["properties"]["tokenSymbol"], "ASY");
	assert_eq!(specification["properties"]["tokenDecimals"], 12);
	let genesis = specification["genesis"].to_string();
	// The address of //Alice, the development key that everybody knows.
	assert!(!genesis.contains("5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY"));
	let sudo = specification["genesis"].pointer("/runtimeGenesis/patch/sudo/key");
	assert!(sudo.is_none_or(Value::is_null), "{sudo:?}");
}

/// Writes a live specification with `patch` merged in, starts it, and returns what the node says.
async fn refusal(machine: &Machine, name: &str, patch: Value) -> String {
	let patch_file = machine.path(&format!("{name}-patch.json"));
	std::fs::write(&patch_file, patch.to_string()).expect("the folder is writable");
	let specification = machine.path(&format!("{name}.json"));
	let output = run_node(
		&[
			"export-chain-spec",
			"--chain",
			"live",
			"--patch",
			&patch_file.to_string_lossy(),
			"--output",
			&specification.to_string_lossy(),
		],
		60 * SECONDS,
	);
	if !output.success {
		return output.stderr;
	}
	let output = run_node(
		&[
			"--chain",
			&specification.to_string_lossy(),
			"--base-path",
			&machine.path(name).to_string_lossy(),
			"--rpc-port",
			&free_port().to_string(),
			"--port",
			&free_port().to_string(),
			"--no-prometheus",
			"--no-telemetry",
		],
		60 * SECONDS,
	);
	assert!(!output.success, "{name}: the node runs");
	output.stderr
}

#[tokio::test(flavor = "multi_thread")]
async fn m16_live_chain_should_not_start_when_it_has_a_sudo_key() {
	let machine = Machine::take().await;
	let own = "5C4hrfjw9DjXZTzV3MwzrrAr9P1MJhSrvWGWqi1eSuyUpnhM";
	let said = refusal(&machine, "sudo", json!({ "sudo": { "key": own } })).await;
	assert!(said.contains("sudo"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn m17_live_chain_should_not_start_when_it_trusts_a_development_key() {
	let machine = Machine::take().await;
	let alice = "5GrwvaEF5zXb26Fz9rcQpDWS57CtERHpNehXCPcNoHGKutQY";
	let finality = "5FA9nQDVg267DEd8m1ZypXLBnvN7SFxYwV7ndqSYGiN9TTpu";
	let said = refusal(
		&machine,
		"alice",
		json!({
			"balances": { "balances": [[alice, 1_000_000_000_000_000u64]] },
			"session": { "keys": [[alice, alice, { "babe": alice, "grandpa": finality }]] },
		}),
	)
	.await;
	assert!(said.contains("development key") && said.contains("Alice"), "{said}");
}

#[test]
fn node_should_say_what_to_do_when_its_port_is_busy() {
	let holder = std::net::TcpListener::bind("127.0.0.1:0").expect("some port is free");
	let port = holder.local_addr().expect("bound").port().to_string();
	let output = run_node(
		&["--dev", "--rpc-port", &port, "--port", &free_port().to_string(), "--no-prometheus"],
		60 * SECONDS,
	);
	assert!(!output.success, "a node on a busy port");
	assert!(output.stderr.contains(&port) && output.stderr.contains("--rpc-port"));
}
