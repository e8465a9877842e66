//! The pallets whose calls are benchmarked: ours. Those of the SDK keep its weights.

frame_benchmarking::define_benchmarks!(
	[pallet_beacon, Beacon]
	[pallet_gpu_market, GpuMarket]
	[pallet_operators, Operators]
	[pallet_proof_of_flops, ProofOfFlops]
	[pallet_validators, Validators]
);
