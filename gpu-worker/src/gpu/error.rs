//! What can go wrong with a device, and what a person can do about it.

/// Failure of a device, or of choosing one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GpuError {
	/// A selection could not be understood.
	#[error("`{0}` names no device")]
	Selection(String),
	/// The machine has no adapter at all.
	#[error("no graphics driver offers a device")]
	NoAdapter,
	/// No adapter is the selected one.
	#[error("there is no device `{selection}`; present: {present}")]
	NotFound {
		/// What was asked for.
		selection: String,
		/// The adapters of this machine.
		present: String,
	},
	/// More than one adapter is the selected one.
	#[error("more than one device is `{selection}`: {matching}")]
	Ambiguous {
		/// What was asked for.
		selection: String,
		/// The adapters that it could be.
		matching: String,
	},
	/// The selected adapter runs on the processor, which was not allowed.
	#[error("`{0}` is a driver that runs on the processor, not a GPU")]
	CpuNotAllowed(String),
	/// The adapter is there, but it cannot be opened.
	#[error("`{adapter}` cannot be opened: {cause}")]
	Open {
		/// Name of the adapter.
		adapter: String,
		/// What the driver said.
		cause: String,
	},
	/// The driver refused a kernel.
	#[error("the driver refused the kernel `{kernel}`: {cause}")]
	Kernel {
		/// Name of the kernel.
		kernel: &'static str,
		/// What the driver said.
		cause: String,
	},
	/// The device computes something else than the reference.
	#[error("the device computes wrong results: {0}")]
	SelfTest(String),
	/// The device is gone: reset, removed, or it does not answer. A new [`Engine`] may help.
	///
	/// [`Engine`]: super::Engine
	#[error("the device was lost: {0}")]
	Lost(String),
	/// The device has too little memory left.
	#[error("the device is out of memory")]
	OutOfMemory,
	/// The driver reported an error.
	#[error("the driver failed: {0}")]
	Driver(String),
	/// More tiles were asked for than there are.
	#[error("tile {0} is beyond the last tile of a claim")]
	TileOutOfRange(u64),
}

impl GpuError {
	/// What the person can do about it, in one sentence.
	pub fn fix(&self) -> &'static str {
		match self {
			Self::Selection(_) => {
				"name a device by PCI id (10de:2335), bus (0000:3b:00.0) or index; `assay doctor` \
				 lists them"
			}
			Self::NoAdapter => {
				"install the GPU's Vulkan driver and the loader (Debian: libvulkan1 and \
				 mesa-vulkan-drivers), or run scripts/setup; in a container, pass the GPU through"
			}
			Self::NotFound { .. } => {
				"choose one of the devices that are present, or install the missing driver"
			}
			Self::Ambiguous { .. } => "choose one by its bus (0000:3b:00.0) or by its index",
			Self::CpuNotAllowed(_) => {
				"choose a GPU, or add --allow-cpu for development: the processor earns next to \
				 nothing"
			}
			Self::Open { .. } => "update the graphics driver and stop what else holds the device",
			Self::Kernel { .. } => "update the graphics driver; report it if that does not help",
			Self::SelfTest(_) => {
				"do not commit with this device: undo overclocking, check its cooling, and update \
				 the graphics driver"
			}
			Self::Lost(_) => {
				"the worker opens the device again by itself; if it goes on, look into the system \
				 log for the driver's messages"
			}
			Self::OutOfMemory => {
				"stop other programs that use the device's memory (256 MiB needed)"
			}
			Self::Driver(_) => "update the graphics driver; report it if that does not help",
			Self::TileOutOfRange(_) => "report this: the worker must never ask for such a tile",
		}
	}

	/// Whether the device is gone, and opening it again is worth a try.
	pub fn is_lost(&self) -> bool {
		matches!(self, Self::Lost(_))
	}
}
