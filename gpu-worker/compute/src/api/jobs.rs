//! `/jobs`: submit, follow, cancel.

use super::{blocking, error::ApiError, read_body, Caller, MAX_MANIFEST};
use crate::{
	jobs::{Host, Job, JobId, State as Stand, View},
	manifest::{Bounds, Manifest},
};
use axum::{
	extract::{Path, Request, State},
	http::StatusCode,
	response::{
		sse::{Event, KeepAlive, Sse},
		IntoResponse, Response,
	},
	Extension, Json,
};
use futures::stream;
use serde_json::json;
use std::{convert::Infallible, sync::Arc, time::Duration};

/// The largest pause between two signs of life of an event stream.
const ALIVE: Duration = Duration::from_secs(10);
/// Least time between two events of one stream.
const PACE: Duration = Duration::from_millis(50);

fn find(caller: &Caller, id: &str) -> Result<Arc<Job>, ApiError> {
	let job = id.parse::<JobId>().ok().and_then(|id| caller.room.job(&id));
	job.ok_or_else(|| ApiError::not_found("job"))
}

pub(super) async fn list(Extension(caller): Extension<Caller>) -> Response {
	Json(json!({ "jobs": caller.room.list() })).into_response()
}

pub(super) async fn submit(
	State(host): State<Arc<Host>>,
	Extension(caller): Extension<Caller>,
	request: Request,
) -> Result<Response, ApiError> {
	let (body, places) = read_body(&caller, request.into_body(), MAX_MANIFEST).await?;
	let devices = caller.info.devices.iter().filter_map(|index| host.device(*index));
	let mut bounds =
		Bounds { memory_bytes: caller.info.memory_bytes, seconds: caller.info.job_seconds };
	// A job may go to any device of the lease, so the smallest counts.
	for device in devices {
		bounds.memory_bytes = bounds.memory_bytes.min(device.caps.memory_bytes);
		bounds.seconds = bounds.seconds.min(device.caps.seconds);
	}
	let manifest = Manifest::read(&body, &bounds)?;
	let id = JobId::of(&caller.nonce, &caller.body);
	let (room, info) = (caller.room.clone(), caller.info.clone());
	let runtime = tokio::runtime::Handle::current();
	let job = blocking(move || {
		let _held = (places, runtime.enter());
		Ok(host.submit(&room, id, manifest, &info.devices, info.open_jobs)?)
	});
	Ok((StatusCode::CREATED, Json(job.await?.view())).into_response())
}

pub(super) async fn show(
	Extension(caller): Extension<Caller>,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	Ok(Json(find(&caller, &id)?.view()).into_response())
}

pub(super) async fn cancel(
	Extension(caller): Extension<Caller>,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let job = find(&caller, &id)?;
	let room = caller.room.clone();
	let view = blocking(move || {
		room.cancel(&job);
		Ok(job.view())
	});
	Ok((StatusCode::ACCEPTED, Json(view.await?)).into_response())
}

pub(super) async fn result(
	Extension(caller): Extension<Caller>,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let record = find(&caller, &id)?.snapshot();
	if let Some(result) = record.result {
		return Ok(Json(result).into_response());
	}
	let (message, fix) = match record.view.failure {
		Some(failure) => (failure.message, "read GET /jobs/{id} and its logs"),
		None => ("the job has not ended".into(), "follow GET /jobs/{id}/events"),
	};
	Err(ApiError::new(StatusCode::CONFLICT, "no-result", message, fix))
}

pub(super) async fn logs(
	Extension(caller): Extension<Caller>,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	Ok(Json(json!({ "lines": find(&caller, &id)?.snapshot().log })).into_response())
}

/// Server-sent events: the state now, then every change, until the job has ended. The event's name
/// is `queued`, `started`, `running`, `progress`, `paused` or `finished`, its data the job.
pub(super) async fn events(
	Extension(caller): Extension<Caller>,
	Path(id): Path<String>,
) -> Result<Response, ApiError> {
	let job = find(&caller, &id)?;
	let mut changes = job.watch();
	changes.mark_changed();
	let begin = (job, changes, None::<View>, caller.permit.clone());
	let events = stream::unfold(begin, |(job, mut changes, last, permit)| async move {
		if last.as_ref().is_some_and(|view| view.state.is_final()) {
			return None;
		}
		if last.is_some() {
			tokio::time::sleep(PACE).await;
		}
		changes.changed().await.ok()?;
		let view = job.view();
		let started = last.as_ref().is_none_or(|last| last.state != Stand::Running);
		let name = match view.state {
			Stand::Queued => "queued",
			Stand::Starting => "started",
			Stand::Running if started => "running",
			Stand::Running => "progress",
			Stand::Paused => "paused",
			Stand::Finished | Stand::Failed | Stand::Cancelled => "finished",
		};
		let event = Event::default().event(name).json_data(&view).unwrap_or_default();
		Some((Ok::<_, Infallible>(event), (job, changes, Some(view), permit)))
	});
	Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)).into_response())
}
