package seed

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/rds"
	"github.com/aws/aws-sdk-go-v2/service/rds/types"
)

// Names of the two database instances, and the database and user of the shop.
const (
	database        = "bookshop-db"
	payrollDatabase = "payroll-db"
	databaseName    = "bookshop"
	databaseUser    = "bookshop"
)

// rds makes bookshop's Multi-AZ PostgreSQL with its groups.
func (s *scope) rds() {
	s.dbSubnetGroup("bookshop-data", "data-a", "data-b")
	s.parameterGroup("bookshop-postgres15", "postgres15", "shop database with logical replication", map[string]string{
		// Logical decoding needs a restart on RDS, so a team that wants to
		// follow changes later has switched it on in time.
		"rds.logical_replication": "1", "max_replication_slots": "20", "max_wal_senders": "20", "log_min_duration_statement": "500", "shared_preload_libraries": "pg_stat_statements",
	})
	s.dbInstance(&rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(database), Engine: aws.String("postgres"), EngineVersion: aws.String("15.7"), DBInstanceClass: aws.String("db.m6g.large"),
		DBName: aws.String(databaseName), MasterUsername: aws.String(databaseUser), Port: aws.Int32(int32(s.o.DatabasePort)), AllocatedStorage: aws.Int32(100),
		MaxAllocatedStorage: aws.Int32(500), StorageType: aws.String("gp3"), MultiAZ: aws.Bool(true), DBSubnetGroupName: aws.String("bookshop-data"),
		DBParameterGroupName: aws.String("bookshop-postgres15"), VpcSecurityGroupIds: []string{s.id("group/db")}, EnablePerformanceInsights: aws.Bool(true),
		EnableCloudwatchLogsExports: []string{"postgresql"}, PreferredBackupWindow: aws.String("02:00-02:30"), PreferredMaintenanceWindow: aws.String("sun:03:00-sun:03:30"),
		BackupRetentionPeriod: aws.Int32(7), DeletionProtection: aws.Bool(true), CopyTagsToSnapshot: aws.Bool(true), EnableIAMDatabaseAuthentication: aws.Bool(false),
	})
	named(s, Resource{Kind: "AWS::RDS::DBSnapshot", Name: "bookshop-db-before-1-14"}, s.clients.rds.CreateDBSnapshot, &rds.CreateDBSnapshotInput{
		DBInstanceIdentifier: aws.String(database), DBSnapshotIdentifier: aws.String("bookshop-db-before-1-14"), Tags: s.rdsTags(),
	})
}

// payrollRDS makes payroll's MySQL. Nothing listens behind its endpoint.
func (s *scope) payrollRDS() {
	s.dbSubnetGroup("payroll-data", "payroll-a", "payroll-b")
	s.parameterGroup("payroll-mysql8", "mysql8.0", "payroll database", map[string]string{"character_set_server": "utf8mb4", "binlog_format": "ROW"})
	named(s, Resource{Kind: "AWS::RDS::OptionGroup", Name: "payroll-mysql8"}, s.clients.rds.CreateOptionGroup, &rds.CreateOptionGroupInput{
		OptionGroupName: aws.String("payroll-mysql8"), EngineName: aws.String("mysql"), MajorEngineVersion: aws.String("8.0"),
		OptionGroupDescription: aws.String("payroll database options"), Tags: s.rdsTags(),
	})
	s.dbInstance(&rds.CreateDBInstanceInput{
		DBInstanceIdentifier: aws.String(payrollDatabase), Engine: aws.String("mysql"), EngineVersion: aws.String("8.0.36"), DBInstanceClass: aws.String("db.t4g.medium"),
		DBName: aws.String("payroll"), MasterUsername: aws.String("payroll"), Port: aws.Int32(3306), AllocatedStorage: aws.Int32(50), StorageType: aws.String("gp3"),
		MultiAZ: aws.Bool(false), DBSubnetGroupName: aws.String("payroll-data"), DBParameterGroupName: aws.String("payroll-mysql8"), OptionGroupName: aws.String("payroll-mysql8"),
		VpcSecurityGroupIds: []string{s.id("group/payroll-db")}, BackupRetentionPeriod: aws.Int32(14), CopyTagsToSnapshot: aws.Bool(true),
	})
}

func (s *scope) dbSubnetGroup(name, first, second string) {
	named(s, Resource{Kind: "AWS::RDS::DBSubnetGroup", Name: name}, s.clients.rds.CreateDBSubnetGroup, &rds.CreateDBSubnetGroupInput{
		DBSubnetGroupName: &name, DBSubnetGroupDescription: &name, SubnetIds: []string{s.id("subnet/" + first), s.id("subnet/" + second)}, Tags: s.rdsTags(),
	})
}

func (s *scope) parameterGroup(name, family, about string, parameters map[string]string) {
	named(s, Resource{Kind: "AWS::RDS::DBParameterGroup", Name: name}, s.clients.rds.CreateDBParameterGroup, &rds.CreateDBParameterGroupInput{
		DBParameterGroupName: &name, DBParameterGroupFamily: &family, Description: &about, Tags: s.rdsTags(),
	})
	var list []types.Parameter
	for _, k := range sortedKeys(parameters) {
		list = append(list, types.Parameter{ParameterName: aws.String(k), ParameterValue: aws.String(parameters[k]), ApplyMethod: types.ApplyMethodPendingReboot})
	}
	do(s, s.clients.rds.ModifyDBParameterGroup, &rds.ModifyDBParameterGroupInput{DBParameterGroupName: &name, Parameters: list})
}

// dbInstance makes an encrypted instance. The password in the call is a
// throwaway of the seed's own: the real one stands in the secret alone, and
// whatever records API calls must not be able to keep it.
func (s *scope) dbInstance(in *rds.CreateDBInstanceInput) {
	name := aws.ToString(in.DBInstanceIdentifier)
	in.MasterUserPassword = aws.String(s.password(name + "/initial"))
	in.StorageEncrypted = aws.Bool(true)
	in.KmsKeyId = aws.String(s.id("key-arn"))
	in.PubliclyAccessible = aws.Bool(false)
	in.AutoMinorVersionUpgrade = aws.Bool(false)
	in.Tags = s.rdsTags()
	named(s, Resource{Kind: "AWS::RDS::DBInstance", Name: name}, s.clients.rds.CreateDBInstance, in)
	endpoint := get(s, s.clients.rds.DescribeDBInstances, &rds.DescribeDBInstancesInput{DBInstanceIdentifier: &name}, func(o *rds.DescribeDBInstancesOutput) string {
		if len(o.DBInstances) == 0 || o.DBInstances[0].Endpoint == nil {
			return ""
		}
		return aws.ToString(o.DBInstances[0].Endpoint.Address)
	})
	key := "payroll-db-endpoint"
	if name == database {
		key = "db-endpoint"
	}
	s.set(key, endpoint)
}

// password invents a password from the seed and a purpose.
func (s *seeder) password(purpose string) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz23456789"
	r := s.random("password/" + purpose)
	var b strings.Builder
	for range 28 {
		b.WriteByte(letters[r.IntN(len(letters))])
	}
	return b.String()
}

// databaseSecret is the JSON form that RDS's own rotation functions use.
func databaseSecret(engine, host string, port int, login [2]string, name, instance string) string {
	return mustJSON(map[string]any{
		"engine": engine, "host": host, "port": port, "username": login[0], "password": login[1], "dbname": name, "dbInstanceIdentifier": instance, "url": databaseURL(engine, host, port, name),
	})
}

// databaseURL is the address without the login.
func databaseURL(engine, host string, port int, name string) string {
	return engine + "://" + host + ":" + strconv.Itoa(port) + "/" + name
}
