//! `assay jobs`: what runs on a lease.

use super::{
	line, open,
	run::{parse_job, word},
	show, Target,
};
use crate::{
	cli::{printable, printable_lines, table},
	config::Config,
	Error,
};
use assay_compute::jobs::{JobId, View};
use serde_json::json;
use std::time::Duration;

/// Which jobs, and what to do.
#[derive(clap::Args, Debug)]
pub(in super::super) struct Args {
	/// Show what happened to this job
	#[arg(long, value_name = "ID", value_parser = parse_job, conflicts_with = "cancel")]
	show: Option<JobId>,
	/// End this job
	#[arg(long, value_name = "ID", value_parser = parse_job)]
	cancel: Option<JobId>,
	#[command(flatten)]
	target: Target,
}

/// Lists jobs, shows a log or cancels.
pub(super) async fn run(config: &Config, args: Args, json: bool) -> Result<(), Error> {
	let open = open(config, &args.target).await?;
	if let Some(id) = args.show {
		let lines = open.client.logs(&id).await?;
		if json {
			show(&json!(lines));
		} else {
			let begin = lines.first().map_or(0, |line| line.ms);
			let text = lines.iter().map(|line| {
				let seconds = Duration::from_millis(line.ms.saturating_sub(begin)).as_secs_f64();
				format!("{seconds:>10.3} s  {}", printable_lines(&line.text))
			});
			line(text.collect::<Vec<_>>().join("\n"));
		}
		return Ok(());
	}
	let views = match args.cancel {
		Some(id) => vec![open.client.cancel(&id).await?],
		None => open.client.jobs().await?,
	};
	if json {
		show(&json!(views));
	} else {
		line(as_text(&views));
	}
	Ok(())
}

fn as_text(views: &[View]) -> String {
	if views.is_empty() {
		return "no jobs".into();
	}
	let mut rows = vec![["job", "state", "device", "dispatches", "attempts", "paused", ""]
		.map(str::to_string)
		.to_vec()];
	rows.extend(views.iter().map(|view| {
		vec![
			view.id.to_string(),
			word(view.state).into(),
			view.device.to_string(),
			format!("{} of {}", view.dispatches, view.dispatches_total),
			view.attempts.to_string(),
			format!("{} ms", view.paused_ms),
			view.failure.as_ref().map_or(String::new(), |failure| printable(&failure.message)),
		]
	}));
	table(&rows)
}
