//! Standing for election as a validator, and the session keys that it takes.

use super::{
	super::{amount, blocks, line, show},
	bond::not_active,
	plan::{carry_out, nothing, preview, Context, How, Plan, Step},
};
use crate::{
	chain::{Call, Candidacy, Chain, OperatorView, SessionKeys, Terms, ValidatorView},
	config::Config,
	Error,
};
use serde_json::{json, Map, Value};

/// Bytes of a BABE and a GRANDPA key, and of the proof that both are held: what a dry run assumes,
/// since it makes no keys.
const KEYS_BYTES: usize = 64;
const PROOF_BYTES: usize = 128;

/// Sees to it that the signer's node holds its session keys and that it stands for election.
pub(super) async fn run(
	config: &Config,
	context: &Context,
	node: Option<&str>,
	rotate: bool,
	how: How,
) -> Result<(), Error> {
	let url = node.unwrap_or(&config.rpc);
	// The keys of one chain are worthless on another.
	let node = Chain::connect(url, config.rpc_deadline, Some(context.chain.genesis())).await?;
	let (chain, best) = (&context.chain, context.best);
	let view = chain.validator(best, &context.account).await?;
	let own = context.own().await?;
	let on_chain = chain.session_keys(best, &context.account).await?;
	let held = match &on_chain {
		Some(keys) => node.holds_session_keys(keys).await?,
		None => false,
	};

	let needs_keys = rotate || !held;
	let candidacy = if view.candidacy == Candidacy::Ready {
		None
	} else {
		let session = chain.session(best).await?;
		let refusal = not_electable(own.as_ref(), &view, session, &context.terms);
		Some(Step {
			untried: needs_keys.then_some("the session keys have to be on chain first"),
			..standing_for_election(&view, &context.terms).unless(refusal)
		})
	};
	if let Some(step) = candidacy.as_ref().filter(|_| !how.dry_run) {
		// Nobody should pay for keys that are of no use yet.
		step.ensure_allowed()?;
	}

	let mut told = Vec::new();
	if needs_keys {
		let keys = if how.dry_run {
			SessionKeys { keys: vec![0; KEYS_BYTES], proof: vec![0; PROOF_BYTES] }
		} else {
			node.make_session_keys(&context.account).await?
		};
		let step = set_keys(keys, on_chain.is_some(), url, &context.terms);
		told.push(take(context, &step, how).await?);
	} else {
		let because = format!("the node at {url} holds the session keys on chain");
		told.push(nothing(&because, Map::new()));
	}
	told.push(match candidacy {
		Some(step) => take(context, &step, how).await?,
		None => nothing(&standing(&view), Map::new()),
	});
	tell(told, how);
	Ok(())
}

/// Takes a step, or shows it.
async fn take(context: &Context, step: &Step, how: How) -> Result<(Value, String), Error> {
	if how.dry_run {
		preview(context, step).await
	} else {
		carry_out(context, step, how).await
	}
}

fn tell(told: Vec<(Value, String)>, how: How) {
	let (values, texts): (Vec<Value>, Vec<String>) = told.into_iter().unzip();
	if how.json {
		show(&json!({ "dry_run": how.dry_run, "steps": values }));
	} else {
		line(texts.join("\n"));
		if how.dry_run {
			line("nothing was sent, and the node made no keys");
		}
	}
}

/// The step that puts new session keys on chain. A dry run has no keys that the chain could check,
/// so it is not tried out.
fn set_keys(made: SessionKeys, replaces: bool, url: &str, terms: &Terms) -> Step {
	let effect = if replaces {
		format!(
			"replaces the session keys by new ones in the keystore of the node at {url}; keep that \
			 node running, and the old keys where they are, until the new ones sign"
		)
	} else {
		format!("sets new session keys, which lie in the keystore of the node at {url}")
	};
	let step = Step::new(Call::SetKeys { keys: made.keys, proof: made.proof }, effect);
	let held = if replaces { 0 } else { terms.key_deposit };
	Step {
		untried: Some("a dry run makes no keys that the chain could check"),
		..step.holding(held).later(next_but_one(terms))
	}
}

/// When a change of keys or of the set of validators takes effect.
fn next_but_one(terms: &Terms) -> String {
	let most = terms.session_blocks.saturating_mul(2);
	format!("from the next session but one: within {}", blocks(most, terms.slot_ms))
}

fn standing_for_election(view: &ValidatorView, terms: &Terms) -> Step {
	let effect = match view.candidacy {
		Candidacy::Silent(_) | Candidacy::Equivocated(_) => "says that the validator is back",
		Candidacy::None | Candidacy::Ready => "stands for election as a validator",
	};
	let when = format!("if its stake is among the largest, {}", next_but_one(terms));
	Step::new(Call::Validate, effect).later(when)
}

fn standing(view: &ValidatorView) -> String {
	let weight = amount(view.weight);
	match (view.serving, view.serving_next, view.elected) {
		(true, ..) => format!("it stands for election with {weight} ASY, and validates"),
		(false, true, _) => {
			format!("it stands for election with {weight} ASY, and validates from the next session")
		}
		(false, false, true) => {
			format!("it stands for election with {weight} ASY, and would be elected now")
		}
		(false, false, false) => format!(
			"it stands for election, but others have more than its {weight} ASY, or it is not \
			 eligible: `assay operator bond` and `assay operator allocate consensus` raise them"
		),
	}
}

/// Why an operator would not be taken as a candidate, if it would not.
fn not_electable(
	own: Option<&OperatorView>,
	view: &ValidatorView,
	session: u32,
	terms: &Terms,
) -> Option<String> {
	if let Some(refusal) = not_active(own) {
		return Some(refusal);
	}
	if let Candidacy::Equivocated(reported) = view.candidacy {
		let first = reported.saturating_add(2);
		if session < first {
			return Some(format!(
				"it was reported for an equivocation: stop all nodes with its keys but one, and try \
				 again in session {first}"
			));
		}
	}
	if view.weight == 0 {
		return Some(
			"nothing is allocated to consensus, or the operator may begin nothing new: use `assay \
			 operator allocate consensus SHARE`, and wait for the delay"
				.into(),
		);
	}
	let minimum = terms.minimum_self_bond;
	if view.own < minimum {
		return Some(format!(
			"a validator needs {} ASY of its own that nothing has reserved: bond {} ASY more",
			amount(minimum),
			amount(minimum.saturating_sub(view.own))
		));
	}
	(view.weight < minimum).then(|| {
		format!(
			"a validator needs {} ASY in consensus and has {}: use `assay operator allocate \
			 consensus SHARE`, and wait for the delay",
			amount(minimum),
			amount(view.weight)
		)
	})
}

/// The plan of standing no more.
pub(super) async fn stop(context: &Context) -> Result<Plan, Error> {
	let view = context.chain.validator(context.best, &context.account).await?;
	if view.candidacy == Candidacy::None {
		return Ok(Plan::nothing("this account is no candidate"));
	}
	let effect = "stands for election no more; go on validating until the sessions are over for \
	              which it is elected";
	let step = Step::new(Call::StopValidating, effect).later(next_but_one(&context.terms));
	Ok(step.into())
}

/// The plan of taking the session keys back.
pub(super) async fn remove_keys(context: &Context) -> Result<Plan, Error> {
	let view = context.chain.validator(context.best, &context.account).await?;
	if !view.has_keys {
		return Ok(Plan::nothing("this account has no session keys"));
	}
	let busy = view.candidacy != Candidacy::None || view.serving || view.serving_next;
	let refusal = busy.then(|| {
		"it is a candidate, or serves in this session or the next: use `assay operator validate \
		 --stop`, and try again two sessions later"
			.into()
	});
	let effect = format!(
		"removes the session keys from the chain and returns the deposit of {} ASY",
		amount(context.terms.key_deposit)
	);
	Ok(Step::new(Call::RemoveKeys, effect).unless(refusal).into())
}

#[cfg(test)]
mod tests {
	use super::{
		super::bond::tests::{terms, view as operator, ASY},
		*,
	};

	fn view(candidacy: Candidacy) -> ValidatorView {
		ValidatorView {
			candidacy,
			has_keys: true,
			weight: 1_400 * ASY,
			own: 1_500 * ASY,
			elected: true,
			serving: false,
			serving_next: false,
			disabled: false,
			blocks: 0,
			earned: 0,
		}
	}

	#[test]
	fn candidacy_should_be_foreseen_as_refused_when_stake_lacks() {
		let (terms, operator) = (terms(), operator());
		let judge = |view: &ValidatorView| not_electable(Some(&operator), view, 5, &terms);
		assert_eq!(judge(&view(Candidacy::None)), None);
		let idle = ValidatorView { weight: 0, ..view(Candidacy::None) };
		assert!(judge(&idle).is_some_and(|fix| fix.contains("allocate consensus")));
		let poor = ValidatorView { own: 400 * ASY, ..view(Candidacy::None) };
		assert_eq!(
			judge(&poor).as_deref(),
			Some(
				"a validator needs 1000 ASY of its own that nothing has reserved: bond 600 ASY more"
			)
		);
		let token = ValidatorView { weight: 1, ..view(Candidacy::None) };
		assert!(judge(&token).is_some_and(|fix| fix.contains("needs 1000 ASY in consensus")));
		assert!(not_electable(None, &view(Candidacy::None), 5, &terms).is_some());
	}

	#[test]
	fn equivocator_should_wait_before_it_is_back() {
		let (terms, operator) = (terms(), operator());
		let judge = |session| {
			not_electable(Some(&operator), &view(Candidacy::Equivocated(7)), session, &terms)
		};
		assert!(judge(7).is_some_and(|fix| fix.contains("again in session 9")));
		assert!(judge(8).is_some());
		assert_eq!(judge(9), None);
		let silent = view(Candidacy::Silent(7));
		assert_eq!(not_electable(Some(&operator), &silent, 7, &terms), None);
	}

	#[test]
	fn keys_should_hold_a_deposit_only_when_they_are_the_first() {
		let made = SessionKeys { keys: vec![1; KEYS_BYTES], proof: vec![2; PROOF_BYTES] };
		let first = set_keys(made.clone(), false, "ws://node", &terms());
		assert_eq!(first.holds, terms().key_deposit);
		let later = set_keys(made, true, "ws://node", &terms());
		assert_eq!(later.holds, 0);
		assert!(later.effect.contains("old keys where they are"), "{}", later.effect);
		assert_eq!(
			later.takes_effect,
			"from the next session but one: within 120 blocks (2 minutes)"
		);
	}

	#[test]
	fn validator_should_say_that_it_is_back_when_it_was_put_out() {
		let step = standing_for_election(&view(Candidacy::Silent(3)), &terms());
		assert_eq!(step.effect, "says that the validator is back");
		let step = standing_for_election(&view(Candidacy::None), &terms());
		assert_eq!(step.effect, "stands for election as a validator");
	}

	#[test]
	fn standing_should_say_when_it_validates() {
		let ready = view(Candidacy::Ready);
		assert!(standing(&ready).contains("would be elected now"));
		assert!(standing(&ValidatorView { serving: true, ..ready }).ends_with("and validates"));
		let next = ValidatorView { serving_next: true, ..ready };
		assert!(standing(&next).contains("from the next session"));
		let weak = ValidatorView { elected: false, ..ready };
		assert!(standing(&weak).contains("allocate consensus"));
	}
}
