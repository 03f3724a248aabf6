package history

import (
	"fmt"
	"time"
)

// Names in the trail that no resource of the seed has: the roles of single
// sign-on and those that AWS services make for themselves.
const (
	operatorRole    = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_ShopOperator_4f1c2a9e7b3d5608"
	payrollSSO      = "aws-reserved/sso.amazonaws.com/AWSReservedSSO_PayrollAdmin_90b7d1e2c4a6f835"
	autoScalingRole = "aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	browser         = "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0"
	goSDK           = "aws-sdk-go-v2/1.47.7 ua/2.1 os/linux lang/go#1.26.5 md/GOOS#linux"
)

// everyone lets all principals do what they do in an hour.
func (h *hourly) everyone() {
	h.poller()
	h.instances()
	h.functions()
	h.awsServices()
	h.payrollTeam()
	if day := h.hour.Weekday(); day != time.Saturday && day != time.Sunday {
		h.operators()
		h.builds()
	}
	h.rare()
}

// poller is a monitoring tool that only reads, every quarter of an hour. What
// it reads is not in use because of it.
func (h *hourly) poller() {
	a := h.role("bookshop-monitor", "metrics-poller", "203.0.113.40", "Boto3/1.40.11 md/Botocore#1.40.11 os/linux lang/python#3.12.6")
	for minute := 2; minute < 60; minute += 15 {
		h.do(a, minute, call{source: "ec2", name: "DescribeInstances", parameters: map[string]any{"instancesSet": map[string]any{}, "filterSet": map[string]any{}}})
		h.do(a, minute, call{source: "rds", name: "DescribeDBInstances"})
		h.do(a, minute, call{source: "elasticloadbalancing", name: "DescribeLoadBalancers"})
		h.do(a, minute, call{source: "sqs", name: "ListQueues"})
	}
}

// instances: each instance of the shop reads its secret and parameters, and
// writes invoices.
func (h *hourly) instances() {
	w := h.m.World
	for i := range 2 {
		app := h.m.app(i)
		a := h.role("bookshop-instance", app.Instance, h.m.faces["nat-"+letter(i)].Public, goSDK)
		h.do(a, 5, call{source: "secretsmanager", name: "GetSecretValue", parameters: map[string]any{"secretId": w.Secret}})
		h.do(a.on("secretsmanager.amazonaws.com"), 5, h.decrypt(w.Secret))
		if h.hour.Hour()%6 == 0 {
			h.do(a, 6, call{source: "ssm", name: "GetParametersByPath", parameters: map[string]any{"path": "/bookshop/production/", "withDecryption": true}})
		}
		inside := a
		inside.address = app.Address
		for range poisson(h.r, 4*level(h.hour)) {
			h.do(inside, h.r.IntN(60), h.object("PutObject", w.Invoices, "invoices/"+h.hour.Format("2006/01/")+orderID(h.r)+".json"))
		}
		for range poisson(h.r, 3*level(h.hour)) {
			h.do(inside, h.r.IntN(60), h.object("GetObject", w.Invoices, "invoices/"+h.hour.Format("2006/01/")+orderID(h.r)+".json"))
		}
	}
}

// decrypt is the use of the shared key, with the encryption context that says what for.
func (h *hourly) decrypt(of string) call {
	w := h.m.World
	return call{source: "kms", name: "Decrypt", parameters: map[string]any{"encryptionContext": map[string]any{"SecretARN": of}, "encryptionAlgorithm": "SYMMETRIC_DEFAULT"},
		resources: []touched{{ARN: w.Key, AccountID: w.Account, Type: "AWS::KMS::Key"}}}
}

// object is a data event on one object.
func (h *hourly) object(name, bucket, key string) call {
	w := h.m.World
	return call{source: "s3", name: name, data: true, parameters: map[string]any{"bucketName": bucket, "Host": bucket + ".s3." + w.Region + ".amazonaws.com", "key": key},
		resources: []touched{{ARN: "arn:aws:s3:::" + bucket + "/" + key, Type: "AWS::S3::Object"}, {ARN: "arn:aws:s3:::" + bucket, AccountID: w.Account, Type: "AWS::S3::Bucket"}}}
}

// functions: Lambda takes the functions' roles, and the functions read.
func (h *hourly) functions() {
	w := h.m.World
	for _, f := range []struct {
		role, name string
		run        bool
	}{
		{"bookshop-function", w.Mailer, true},
		{"bookshop-function", w.Thumbs, h.hour.Hour() == 2},
		{"payroll-function", w.Export, h.hour.Hour() == 3},
	} {
		if f.run {
			h.assume("lambda.amazonaws.com", f.role, f.name)
		}
	}
	mailer := h.role("bookshop-function", w.Mailer, "10.20.10.90", goSDK)
	if h.hour.Hour() == 4 {
		for i := range 5 {
			h.do(mailer, 4, h.object("GetObject", w.Exports, fmt.Sprintf("payroll/%s/part-%02d.csv", h.hour.Format(time.DateOnly), i)))
		}
		denied := h.object("GetObject", w.Exports, "payroll/keys/master.pem")
		denied.code, denied.message = "AccessDenied", "Access Denied"
		h.do(mailer, 5, denied)
	}
	if h.hour.Hour() == 3 {
		export := h.role("payroll-function", w.Export, "203.0.113.9", goSDK)
		h.do(export, 1, call{source: "kms", name: "GenerateDataKey", parameters: map[string]any{"keyId": w.Key, "keySpec": "AES_256", "encryptionContext": map[string]any{"aws:s3:arn": "arn:aws:s3:::" + w.Exports}},
			resources: []touched{{ARN: w.Key, AccountID: w.Account, Type: "AWS::KMS::Key"}}})
		for i := range 5 {
			h.do(export, 2, h.object("PutObject", w.Exports, fmt.Sprintf("payroll/%s/part-%02d.csv", h.hour.Format(time.DateOnly), i)))
		}
	}
}

// assume is an AWS service taking a role.
func (h *hourly) assume(by, role, sessionName string) {
	w := h.m.World
	arn := "arn:aws:iam::" + w.Account + ":role/" + role
	h.do(service(by), 0, call{source: "sts", name: "AssumeRole", parameters: map[string]any{"roleArn": arn, "roleSessionName": sessionName},
		response:  map[string]any{"assumedRoleUser": map[string]any{"arn": "arn:aws:sts::" + w.Account + ":assumed-role/" + role + "/" + sessionName}},
		resources: []touched{{ARN: arn, AccountID: w.Account, Type: "AWS::IAM::Role"}}})
}

// awsServices: Auto Scaling looks after its group, and backups run at night.
func (h *hourly) awsServices() {
	w := h.m.World
	if h.hour.Hour()%12 == 7 {
		h.assume("autoscaling.amazonaws.com", autoScalingRole, "AutoScaling")
		h.do(h.role(autoScalingRole, "AutoScaling", "autoscaling.amazonaws.com", "autoscaling.amazonaws.com").on("autoscaling.amazonaws.com"), 1,
			call{source: "elasticloadbalancing", name: "DescribeTargetHealth", parameters: map[string]any{"targetGroupArn": w.WebGroup}})
	}
	if h.hour.Hour() == 3 {
		h.assume("backup.amazonaws.com", "bookshop-backup", "AWSBackup-bookshop-nightly")
		h.do(h.role("bookshop-backup", "AWSBackup-bookshop-nightly", "backup.amazonaws.com", "backup.amazonaws.com").on("backup.amazonaws.com"), 10,
			call{source: "rds", name: "CreateDBSnapshot", parameters: map[string]any{"dBInstanceIdentifier": w.Database, "dBSnapshotIdentifier": "awsbackup-" + h.hour.Format("20060102")}})
	}
}

// payrollTeam: the other workload's instance and its administrator.
func (h *hourly) payrollTeam() {
	w := h.m.World
	app := h.m.faces["payroll-app"]
	a := h.role("payroll-instance", app.Instance, h.m.faces["nat-a"].Public, "aws-sdk-java/2.31.0 os/Linux lang/Java#17.0.13")
	secret := "arn:aws:secretsmanager:" + w.Region + ":" + w.Account + ":secret:payroll/production/database"
	h.do(a, 12, call{source: "secretsmanager", name: "GetSecretValue", parameters: map[string]any{"secretId": "payroll/production/database"}})
	h.do(a.on("secretsmanager.amazonaws.com"), 12, h.decrypt(secret))
	if h.hour.Weekday() == time.Thursday && h.hour.Hour() == 15 {
		admin := h.role(payrollSSO, "ines.duarte", "203.0.113.57", browser)
		h.do(admin, 1, call{source: "signin", name: "ConsoleLogin", response: map[string]any{"ConsoleLogin": "Success"}})
		h.do(admin, 4, call{source: "sqs", name: "GetQueueAttributes", parameters: map[string]any{"queueUrl": w.PayrollQueue}})
		h.do(admin, 9, call{source: "rds", name: "ModifyDBInstance", parameters: map[string]any{"dBInstanceIdentifier": w.PayrollDatabase, "backupRetentionPeriod": 14}})
	}
}

// operators: people in the console, in their office hours.
func (h *hourly) operators() {
	if h.hour.Hour() < 13 || h.hour.Hour() >= 22 {
		return
	}
	maria := h.role(operatorRole, "maria.lind", "203.0.113.12", browser)
	if h.hour.Hour() == 13 {
		h.do(maria, 3, call{source: "signin", name: "ConsoleLogin", response: map[string]any{"ConsoleLogin": "Success"}})
	}
	looks := []call{{source: "monitoring", name: "DescribeAlarms"}, {source: "ec2", name: "DescribeInstances"}, {source: "rds", name: "DescribeDBInstances"},
		{source: "s3", name: "ListBuckets"}, {source: "logs", name: "DescribeLogGroups"}, {source: "cloudfront", name: "ListDistributions"}}
	for range poisson(h.r, 3) {
		h.do(maria, 4+h.r.IntN(55), looks[h.r.IntN(len(looks))])
	}
	if h.r.IntN(9) == 0 {
		tom := h.role(operatorRole, "tom.okafor", "198.51.100.23", "aws-cli/2.31.2 md/awscrt#0.27.6 ua/2.1 os/macos")
		h.do(tom, 20, call{source: "autoscaling", name: "DescribeAutoScalingGroups"})
		h.do(tom, 22, call{source: "autoscaling", name: "SetDesiredCapacity", parameters: map[string]any{"autoScalingGroupName": h.m.World.ScalingGroup, "desiredCapacity": 2}})
		h.do(tom, 25, call{source: "kms", name: "ScheduleKeyDeletion", parameters: map[string]any{"keyId": h.m.World.Key}, code: "AccessDenied",
			message: "User is not authorized to perform: kms:ScheduleKeyDeletion"})
	}
}

// builds: the build system's user puts new versions out with its long-lived key.
func (h *hourly) builds() {
	if h.hour.Hour() < 14 || h.hour.Hour() >= 21 || h.r.IntN(6) != 0 {
		return
	}
	w := h.m.World
	arn := "arn:aws:iam::" + w.Account + ":user/bookshop-ci"
	ci := actor{identity: identity{Type: "IAMUser", PrincipalID: h.m.stableID("AIDA", "bookshop-ci"), ARN: arn, AccountID: w.Account, AccessKeyID: w.CIKey, UserName: "bookshop-ci"},
		principal: arn, address: "198.51.100.77", agent: goSDK}
	build := fmt.Sprintf("1.14.2-%d", h.hour.Unix()/3600%10_000)
	h.do(ci, 10, call{source: "ecr", name: "GetAuthorizationToken"})
	h.do(ci, 12, call{source: "ecr", name: "PutImage", parameters: map[string]any{"repositoryName": "bookshop/shop", "imageTag": build}})
	h.do(ci, 14, call{source: "lambda", name: "UpdateFunctionCode20150331v2", parameters: map[string]any{"functionName": w.Mailer, "publish": true}})
	h.do(ci, 16, call{source: "ssm", name: "SendCommand", parameters: map[string]any{"documentName": "AWS-RunShellScript", "instanceIds": []string{h.m.app(0).Instance, h.m.app(1).Instance}}})
}

// rare: every second Wednesday the root user looks in.
func (h *hourly) rare() {
	const week = 7 * 24 * 3600
	if h.hour.Weekday() != time.Wednesday || h.hour.Hour() != 16 || h.hour.Unix()/week%2 != 0 {
		return
	}
	w := h.m.World
	root := actor{identity: identity{Type: "Root", PrincipalID: w.Account, ARN: "arn:aws:iam::" + w.Account + ":root", AccountID: w.Account},
		principal: "arn:aws:iam::" + w.Account + ":root", address: "203.0.113.5", agent: browser}
	h.do(root, 30, call{source: "signin", name: "ConsoleLogin", response: map[string]any{"ConsoleLogin": "Success"}})
	h.do(root, 33, call{source: "account", name: "GetContactInformation"})
}
