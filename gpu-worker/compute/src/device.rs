//! Opening the adapter that the worker has chosen, with the limits that jobs get.

use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, PoisonError};
use wgpu::Backends;

/// What tells an adapter from all others: the same facts as in the worker's own list.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterId {
	/// Programming interface: `vulkan`, `metal` or `dx12`.
	pub backend: String,
	/// PCI vendor; above 0xffff the vendor has none.
	pub vendor: u32,
	/// PCI device.
	pub device: u32,
	/// PCI bus, as in `0000:3b:00.0`, where the driver tells it.
	pub bus: Option<String>,
	/// Marketing name.
	pub name: String,
	/// Whether it runs on the processor: its dispatches get more time and its memory is the host's.
	pub cpu: bool,
}

impl AdapterId {
	fn of(info: &wgpu::AdapterInfo) -> Self {
		Self {
			backend: info.backend.to_str().into(),
			vendor: info.vendor,
			device: info.device,
			bus: (!info.device_pci_bus_id.is_empty())
				.then(|| info.device_pci_bus_id.to_lowercase()),
			name: info.name.clone(),
			cpu: info.device_type == wgpu::DeviceType::Cpu,
		}
	}

	/// The interface as wgpu names it; all of them where the text is none of ours.
	fn backends(&self) -> Backends {
		match self.backend.as_str() {
			"vulkan" => Backends::VULKAN,
			"metal" => Backends::METAL,
			"dx12" => Backends::DX12,
			_ => Backends::PRIMARY,
		}
	}
}

/// Every adapter of this machine.
pub fn adapters() -> Vec<AdapterId> {
	enumerate(Backends::PRIMARY).iter().map(|adapter| AdapterId::of(&adapter.get_info())).collect()
}

fn enumerate(backends: Backends) -> Vec<wgpu::Adapter> {
	let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
	descriptor.backends = backends;
	// Neither validation layers nor debug names: both cost time, and layers are loaded from files
	// that the environment names.
	descriptor.flags = wgpu::InstanceFlags::empty();
	pollster::block_on(wgpu::Instance::new(descriptor).enumerate_adapters(backends))
}

/// An opened device, and what went wrong with it.
pub struct Device {
	/// The device.
	pub device: wgpu::Device,
	/// Its queue.
	pub queue: wgpu::Queue,
	trouble: Arc<Mutex<Option<Trouble>>>,
}

/// What a device reports outside of its calls.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
	/// Not enough memory.
	#[error("the device has not enough memory")]
	OutOfMemory,
	/// A call was not valid.
	#[error("{0}")]
	Invalid(String),
	/// The device is gone.
	#[error("the device was lost: {0}")]
	Lost(String),
}

/// Why a device cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
	/// There is no such adapter.
	#[error("there is no adapter {0:?}")]
	NotFound(AdapterId),
	/// The driver refused.
	#[error("the driver of {name} refused: {cause}")]
	Refused {
		/// The adapter.
		name: String,
		/// What it said.
		cause: String,
	},
}

impl Device {
	/// Opens the adapter `id`, without optional features and with WebGPU's default limits, except
	/// that a buffer may be as large as the adapter can bind.
	pub fn open(id: &AdapterId) -> Result<Self, OpenError> {
		let adapter = enumerate(id.backends())
			.into_iter()
			.find(|adapter| AdapterId::of(&adapter.get_info()) == *id)
			.ok_or_else(|| OpenError::NotFound(id.clone()))?;
		let has = adapter.limits();
		let required_limits = wgpu::Limits {
			max_storage_buffer_binding_size: has.max_storage_buffer_binding_size,
			max_buffer_size: has.max_buffer_size,
			..wgpu::Limits::downlevel_defaults()
		};
		let required_limits = wgpu::Limits {
			max_storage_buffers_per_shader_stage: 8.min(has.max_storage_buffers_per_shader_stage),
			max_bind_groups: crate::manifest::MAX_GROUPS,
			..required_limits
		};
		let request = adapter.request_device(&wgpu::DeviceDescriptor {
			label: None,
			required_limits,
			..Default::default()
		});
		let refused = |error: wgpu::RequestDeviceError| OpenError::Refused {
			name: id.name.clone(),
			cause: error.to_string(),
		};
		let (device, queue) = pollster::block_on(request).map_err(refused)?;
		let trouble = Arc::new(Mutex::new(None));
		let sink = trouble.clone();
		// Without a handler an error ends the process.
		device.on_uncaptured_error(Arc::new(move |error| {
			let error = match error {
				wgpu::Error::OutOfMemory { .. } => Trouble::OutOfMemory,
				other => Trouble::Invalid(other.to_string()),
			};
			sink.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
		}));
		let sink = trouble.clone();
		device.set_device_lost_callback(move |reason, message| {
			let lost = Trouble::Lost(format!("{reason:?} {message}"));
			*sink.lock().unwrap_or_else(PoisonError::into_inner) = Some(lost);
		});
		Ok(Self { device, queue, trouble })
	}

	/// Fails when anything was reported.
	pub fn check(&self) -> Result<(), Trouble> {
		match &*self.trouble.lock().unwrap_or_else(PoisonError::into_inner) {
			None => Ok(()),
			Some(trouble) => Err(trouble.clone()),
		}
	}
}
