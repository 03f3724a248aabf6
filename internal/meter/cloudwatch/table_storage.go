package cloudwatch

import (
	"time"

	"example.com/landfall/internal/inventory"
	"example.com/landfall/internal/kpi"
)

// storageFamilies: volumes, buckets and file systems.
func storageFamilies() []family {
	return []family{
		{kinds: kinds("AWS::EC2::Volume"), namespace: "AWS/EBS", targets: byLast("VolumeId"), specs: volumeSpecs},
		{kinds: kinds("AWS::S3::Bucket"), namespace: "AWS/S3", targets: by("BucketName", bucketName), specs: plain(bucketSpecs()...)},
		{kinds: kinds("AWS::EFS::FileSystem"), namespace: "AWS/EFS", targets: byLast("FileSystemId"), specs: plain(
			amount(kpi.BytesRead, "DataReadIOBytes"), amount(kpi.BytesWritten, "DataWriteIOBytes"), gauge(kpi.IOPSUtilisation, "PercentIOLimit").maybe(),
			gauge(kpi.Connections, "ClientConnections").maybe(), gauge(kpi.StorageUsed, "StorageBytes").with(dimension{"StorageClass", "Total"}).every(15*time.Minute),
		)},
		{kinds: kinds("AWS::FSx::FileSystem"), namespace: "AWS/FSx", targets: byLast("FileSystemId"), specs: plain(
			amount(kpi.BytesRead, "DataReadBytes"), amount(kpi.BytesWritten, "DataWriteBytes"), count(kpi.ReadIOPS, "DataReadOperations"), count(kpi.WriteIOPS, "DataWriteOperations"),
			gauge(kpi.StorageFree, "FreeStorageCapacity").maybe(), gauge(kpi.StorageUsed, "StorageUsed").maybe(),
		)},
	}
}

// volumeSpecs: a volume that is not attached sends nothing.
func volumeSpecs(*inventory.Resource) []spec {
	return []spec{
		count(kpi.ReadIOPS, "VolumeReadOps").maybe(), count(kpi.WriteIOPS, "VolumeWriteOps").maybe(), amount(kpi.BytesRead, "VolumeReadBytes").maybe(), amount(kpi.BytesWritten, "VolumeWriteBytes").maybe(),
		{metric: kpi.ReadLatency, how: quotient, names: []string{"VolumeTotalReadTime"}, base: []string{"VolumeReadOps"}, optional: true},
		{metric: kpi.WriteLatency, how: quotient, names: []string{"VolumeTotalWriteTime"}, base: []string{"VolumeWriteOps"}, optional: true},
		gauge(kpi.QueueDepth, "VolumeQueueLength").maybe(), gauge(kpi.BurstBalance, "BurstBalance").maybe(), gauge(kpi.IOPSUtilisation, "VolumeThroughputPercentage").maybe(),
	}
}

func bucketName(r *inventory.Resource) string { return resourcePart(r.ID) }

// bucketSpecs: sizes come once a day and by storage type, the requests only
// for a bucket with a metrics configuration; EntireBucket is the console's
// name for one without a filter.
func bucketSpecs() []spec {
	list := []spec{
		gauge(kpi.StorageUsed, "BucketSizeBytes").as("StandardStorage").with(dimension{"StorageType", "StandardStorage"}).daily(),
		gauge(kpi.Objects, "NumberOfObjects").with(dimension{"StorageType", "AllStorageTypes"}).daily(),
	}
	for _, kind := range []string{"StandardIAStorage", "OneZoneIAStorage", "ReducedRedundancyStorage", "GlacierInstantRetrievalStorage", "GlacierStorage", "DeepArchiveStorage",
		"IntelligentTieringFAStorage", "IntelligentTieringIAStorage", "IntelligentTieringAIAStorage", "IntelligentTieringAAStorage", "IntelligentTieringDAAStorage"} {
		list = append(list, gauge(kpi.StorageUsed, "BucketSizeBytes").as(kind).with(dimension{"StorageType", kind}).daily().maybe())
	}
	all := dimension{"FilterId", "EntireBucket"}
	return append(list,
		count(kpi.Throughput, "AllRequests").with(all).quiet().maybe(), timed(kpi.Latency, "TotalRequestLatency", millisecond).with(all).quiet().maybe(),
		timed(kpi.FirstByteLatency, "FirstByteLatency", millisecond).with(all).quiet().maybe(),
		over(kpi.ErrorRate, "AllRequests", "5xxErrors").with(all).quiet().maybe(), over(kpi.ClientErrorRate, "AllRequests", "4xxErrors").with(all).quiet().maybe(),
		amount(kpi.BytesOut, "BytesDownloaded").with(all).quiet().maybe(), amount(kpi.BytesIn, "BytesUploaded").with(all).quiet().maybe(),
	)
}
