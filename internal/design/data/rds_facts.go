package data

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strings"

	"example.com/landfall/internal/catalog"
	"example.com/landfall/internal/cloud"
	"example.com/landfall/internal/design"
	"example.com/landfall/internal/design/common"
	"example.com/landfall/internal/inventory"
)

// relational is a database of RDS in the words of a flexible server.
type relational struct {
	engine  string
	version string
	// major is the target's, 0 before it is settled.
	major int
	class string
	sku   catalog.DBSku
	price *catalog.Estimate
	// storageGiB and iops are what the target provisions, perfTier the name of
	// the disk whose performance it takes ("P30").
	storageGiB int
	iops       int
	perfTier   string
	growing    bool
	standby    bool
	keepDays   int
	geo        bool
	window     *window
	admin      string
	password   string
	entra      bool
	key        customerKey
	hasKey     bool
	net        dbNetwork
	database   string
	logs       bool
	// groups are the parameter groups, cluster's before instance's.
	groups []*inventory.Resource
}

// window is a weekly maintenance window; Sunday is day 0, as Azure counts.
type window struct{ day, hour, minute int64 }

// dbNetwork is where a server is reached.
type dbNetwork struct {
	subnet cloud.ResourceID
	zone   cloud.ResourceID
	// link must exist before the server registers its name in the zone.
	link   cloud.ResourceID
	public bool
	near   []any
	blocks []string
}

// facts reads what both engines have in common.
func (s *sheet) facts() relational {
	f := relational{engine: engineOf(s.r), version: s.text("EngineVersion"), class: s.text("DBInstanceClass")}
	s.Knows("Engine", "DBInstanceIdentifier", "DBClusterIdentifier", "AvailabilityZone", "AvailabilityZones", "SnapshotIdentifier", "DBSnapshotIdentifier", "DBClusterSnapshotIdentifier", "PromotionTier")
	s.readOnly()
	f.standby = s.wantsStandby()
	f.storage(s)
	f.compute(s)
	f.recovery(s)
	f.identity(s)
	if s.yes("StorageEncrypted") || s.Has("KmsKeyId") {
		f.key, f.hasKey = s.key("KmsKeyId")
	}
	f.database = s.firstDatabase()
	f.logs = len(s.List("EnableCloudwatchLogsExports")) > 0
	f.groups = s.parameterGroups()
	return f
}

var databaseName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_-]{0,62}$`)

// firstDatabase is the database that the server is made with, "" when its name
// is not known or no server at the target takes it.
func (s *sheet) firstDatabase() string {
	name := s.text("DBName")
	if cluster := s.text("DatabaseName"); cluster != "" {
		name = cluster
	}
	if name != "" && !databaseName.MatchString(name) {
		s.Do("create the first database of %s by hand: a server at the target takes no name like %q", s.r.Name, name)
		return ""
	}
	return name
}

// wantsStandby reports whether a failure of one zone is survived today.
func (s *sheet) wantsStandby() bool {
	if s.r.Kind == dbCluster {
		if s.text("DBClusterInstanceClass") != "" {
			s.Gap("rds.multi-az-cluster", "DBClusterInstanceClass="+s.text("DBClusterInstanceClass"))
			return true
		}
		return len(members(s.c, s.r)) > 1
	}
	return s.yes("MultiAZ")
}

// compute chooses the size: landfall.yaml's, else the best that fits.
func (f *relational) compute(s *sheet) {
	if f.class == "" {
		f.class = s.text("DBClusterInstanceClass")
	}
	if s.r.Kind == dbCluster && f.class == "" {
		if all := members(s.c, s.r); len(all) > 0 {
			f.class = design.Text(all[0].Properties, "DBInstanceClass")
		}
	}
	wish, ok := s.c.Catalog.DatabaseWish(f.class)
	if !ok {
		wish = s.serverless(f.class)
	}
	wish.Production = f.standby || production(s.r) || len(replicasOf(s.c, s.r)) > 0
	wish.IOPS, wish.Region = f.iops, string(s.c.Place.Location)
	wish.Memory = wish.Memory || f.engine == "mysql" && f.storageGiB > mysqlMostGiB
	s.gapIf("db.processor-features", "ProcessorFeatures")
	if o, ok := s.c.Override(s.r); ok && o.Size != "" {
		f.sku = s.named(f.engine, o.Size, wish)
		if f.sku.IOPS > 0 && f.sku.IOPS < f.iops {
			s.Gap("db.compute-iops", "Iops="+itoa(f.iops))
		}
		return
	}
	pick := s.c.Catalog.Postgres
	if f.engine == "mysql" {
		pick = s.c.Catalog.MySQL
	}
	fit, missed := pick(wish)
	if len(fit) == 0 {
		wish.IOPS = 0
		if fit, _ = pick(wish); len(fit) > 0 {
			s.Gap("db.compute-iops", "Iops="+itoa(f.iops))
		}
	}
	for _, m := range missed {
		s.Not(m.Name, m.WhyNot)
	}
	if len(fit) == 0 {
		s.Gap("db.too-large", "DBInstanceClass="+f.class)
		f.sku = s.largest(f.engine)
		return
	}
	f.sku, f.price = fit[0].DBSku, fit[0].Price
}

// serverless sizes a cluster without a fixed class by its upper limit: one
// capacity unit has 2 GiB of memory (Amazon Aurora User Guide, "Aurora
// Serverless v2"), and the memory-optimised family has 8 GiB for each vCPU.
func (s *sheet) serverless(class string) catalog.DBWish {
	most, ok := s.number("ServerlessV2ScalingConfiguration.MaxCapacity")
	if !ok {
		most, ok = s.number("ScalingConfiguration.MaxCapacity")
	}
	if !ok {
		s.Do("name the size of %s under design.overrides: its class is not known, and the smallest general purpose server with 2 vCores was taken", s.r.Name)
		return catalog.DBWish{Class: class, VCPU: 2, MiB: 8 * 1024}
	}
	for _, path := range []string{"ServerlessV2ScalingConfiguration", "ScalingConfiguration"} {
		s.gapIf("aurora.serverless", path)
	}
	const mebibytes, units = 2048, 4
	return catalog.DBWish{Class: class, VCPU: max(2, int(math.Ceil(most/units))), MiB: int(most * mebibytes), Memory: true}
}

// named is the size that landfall.yaml asks for.
func (s *sheet) named(engine, size string, wish catalog.DBWish) catalog.DBSku {
	for _, sku := range s.c.Catalog.DatabaseSkus(engine) {
		if strings.EqualFold(sku.Name, size) {
			return sku
		}
	}
	return catalog.DBSku{Name: size, Tier: tierOf(size), VCores: wish.VCPU, MiB: wish.MiB}
}

// largest is the size with the most memory that an engine has.
func (s *sheet) largest(engine string) catalog.DBSku {
	return slices.MaxFunc(s.c.Catalog.DatabaseSkus(engine), func(a, b catalog.DBSku) int {
		return cmp.Or(cmp.Compare(a.MiB, b.MiB), cmp.Compare(a.VCores, b.VCores), cmp.Compare(b.Name, a.Name))
	})
}

func tierOf(sku string) string {
	switch name := strings.TrimPrefix(sku, "Standard_"); {
	case strings.HasPrefix(name, "B"):
		return catalog.Burstable
	case strings.HasPrefix(name, "E"):
		return catalog.MemoryOptimized
	}
	return catalog.GeneralPurpose
}

// production goes by the tags that people use for it.
func production(r *inventory.Resource) bool {
	for _, k := range r.Tags.Keys() {
		switch strings.ToLower(k) {
		case "env", "environment", "stage", "tier":
			if strings.HasPrefix(strings.ToLower(r.Tags[k]), "prod") {
				return true
			}
		}
	}
	return false
}

// disk is a size of a flexible server's storage with the performance tier that
// comes with it (Microsoft Learn, "Storage options in Azure Database for
// PostgreSQL flexible server").
type disk struct {
	gib, iops int
	tier      string
}

func disks() []disk {
	return []disk{
		{32, 120, "P4"}, {64, 240, "P6"}, {128, 500, "P10"}, {256, 1100, "P15"}, {512, 2300, "P20"}, {1024, 5000, "P30"},
		{2048, 7500, "P40"}, {4096, 7500, "P50"}, {8192, 16000, "P60"}, {16384, 18000, "P70"}, {32767, 20000, "P80"},
	}
}

// storage takes the next size up and the tier that does the source's IOPS.
func (f *relational) storage(s *sheet) {
	want := s.int("AllocatedStorage", 0)
	if aurora(s.r) || want <= 1 {
		s.Do("set the storage of %s to 1.25 times the size of its data: the source grows by itself and its configuration does not say", s.r.Name)
		want = 128
	}
	f.growing = s.int("MaxAllocatedStorage", 0) > want || aurora(s.r)
	if s.Has("MaxAllocatedStorage") {
		s.Meets("db.storage-limit", "MaxAllocatedStorage")
	}
	kind := strings.ToLower(s.text("StorageType"))
	f.iops = sourceIOPS(kind, want, s.int("Iops", 0))
	if node, ok := s.c.Catalog.NodeType(f.class); ok && node.BaseIOPS > 0 {
		// A volume does no more than its instance lets through (Amazon EC2 User
		// Guide, "Amazon EBS-optimized instances").
		f.iops = min(f.iops, node.BaseIOPS)
	}
	s.gapIf("db.log-volume", "DedicatedLogVolume")
	if strings.HasSuffix(kind, "iopt1") {
		s.Meets("aurora.io-optimized", "StorageType")
	}
	if f.engine == "mysql" {
		f.mysqlDisk(s, want)
		return
	}
	f.postgresDisk(s, want, kindWord(kind))
}

// What the storage of a MySQL server holds: 20 GiB to 16 TiB, and to 32 TiB in
// the memory optimised tier, which the page calls Business Critical (Microsoft
// Learn, "Azure Database for MySQL flexible server service tiers").
const (
	mysqlLeastGiB  = 20
	mysqlMostGiB   = 16384
	mysqlMemoryGiB = 32768
)

// mysqlDisk takes the size as it is; IOPS come with the size of the server.
func (f *relational) mysqlDisk(s *sheet, want int) {
	s.Knows("StorageThroughput")
	if f.storageGiB = min(max(want, mysqlLeastGiB), mysqlMemoryGiB); want > mysqlMemoryGiB {
		s.Gap("db.storage-size", "AllocatedStorage="+itoa(want))
	}
}

// postgresDisk takes the next size of disk, and a tier that does the IOPS.
func (f *relational) postgresDisk(s *sheet, want int, kind string) {
	all := disks()
	at := slices.IndexFunc(all, func(d disk) bool { return d.gib >= want })
	if at < 0 {
		at = len(all) - 1
		s.Gap("db.storage-size", "AllocatedStorage="+itoa(want))
	}
	f.storageGiB, f.perfTier = all[at].gib, all[at].tier
	best := at
	for best < len(all)-1 && all[best].iops < f.iops && mayRaise(all[at].gib, best+1) {
		best++
	}
	for best > at && all[best-1].iops == all[best].iops {
		best--
	}
	f.perfTier = all[best].tier
	if best > at {
		s.Gap("db.storage-iops", kind+" with "+itoa(f.iops)+" IOPS on "+itoa(want)+" GiB")
	}
	if all[best].iops < f.iops {
		s.Gap("db.iops-limit", "Iops="+itoa(f.iops))
	}
	if want, ok := s.number("StorageThroughput"); ok && s.diskSpeed(f.perfTier) < want {
		s.Meets("db.storage-throughput", "StorageThroughput")
	}
}

// diskSpeed is what the disk of a performance tier does in MB/s (Microsoft
// Learn, "Scalability and performance targets for VM disks").
func (s *sheet) diskSpeed(tier string) float64 {
	speeds := map[string]float64{"P4": 25, "P6": 50, "P10": 100, "P15": 125, "P20": 150, "P30": 200, "P40": 250, "P50": 250, "P60": 500, "P70": 750, "P80": 900}
	return speeds[tier]
}

func kindWord(kind string) string {
	if kind == "" {
		return "the default volume"
	}
	return kind
}

// mayRaise says how far the tier may stand above the disk's own: up to P50
// for disks of up to 4 TiB, up to P80 above.
func mayRaise(gib, tier int) bool {
	const p50 = 7
	return gib > 4096 || tier <= p50
}

// sourceIOPS is what a volume does without bursts (Amazon RDS User Guide,
// "Amazon RDS DB instance storage"): gp2 3 for each GiB from 100 on, gp3 3,000,
// and 12,000 from 400 GiB on. 0 means that nothing was promised.
func sourceIOPS(kind string, gib, provisioned int) int {
	const striped = 400
	switch {
	case provisioned > 0:
		return provisioned
	case kind == "gp3" && gib >= striped:
		return 12000
	case kind == "gp3":
		return 3000
	case kind == "gp2":
		return min(max(100, 3*gib), 64000)
	}
	return 0
}

// recovery reads backups and maintenance. Retention is from 7 to 35 days and
// cannot be off (Microsoft Learn, "Backup and restore" of both services).
func (f *relational) recovery(s *sheet) {
	const least, most = 7, 35
	days := s.int("BackupRetentionPeriod", least)
	f.keepDays = min(max(days, least), most)
	if days < least {
		s.Gap("db.backup-retention", "BackupRetentionPeriod="+itoa(days))
	}
	if days > most {
		s.Do("keep backups of %s for %s with Azure Backup's vaulted backups: the server itself keeps them for %d", s.r.Name, common.Count(days, "day"), most)
	}
	s.gapIf("db.backup-window", "PreferredBackupWindow")
	f.geo = s.text("AutomaticBackupReplicationRegion") != ""
	if f.geo {
		s.Meets("db.backup-region", "AutomaticBackupReplicationRegion")
		s.gapIf("db.backup-region", "AutomaticBackupReplicationRetentionPeriod")
	}
	if strings.EqualFold(s.text("BackupTarget"), "outposts") {
		s.Do("decide where the backups of %s are kept: the source keeps them on an Outpost", s.r.Name)
	}
	f.window = readWindow(s.text("PreferredMaintenanceWindow"))
	if strings.EqualFold(s.text("AutoMinorVersionUpgrade"), "false") {
		s.Meets("db.minor-upgrades", "AutoMinorVersionUpgrade")
	}
	if s.yes("DeletionProtection") {
		s.Do("put a CanNotDelete lock on the server of %s after the cutover: the source has deletion protection", s.r.Name)
	}
}

// readWindow reads "sun:03:00-sun:03:30".
func readWindow(text string) *window {
	day, rest, ok := strings.Cut(strings.ToLower(text), ":")
	at := slices.Index([]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, day)
	start, _, _ := strings.Cut(rest, "-")
	hour, minute, found := strings.Cut(start, ":")
	if !ok || at < 0 || !found {
		return nil
	}
	m := map[string]any{"h": hour, "m": minute}
	return &window{int64(at), int64(min(max(design.Int(m, "h", 0), 0), 23)), int64(min(max(design.Int(m, "m", 0), 0), 59))}
}
