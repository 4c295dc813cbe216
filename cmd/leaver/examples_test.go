package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/leaver-audit/leaver/cmd/internal/metrics"
	"github.com/leaver-audit/leaver/cmd/internal/schedule"
)

const examples = "../../docs/examples"

func example(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// play runs a command of an example through the shell, with the program of this build first in the path and the paths of
// the example led to a folder of the test.
func play(t *testing.T, command string) (string, error) {
	t.Helper()
	config := smallCompany(t, 20, 30)
	bin := filepath.Dir(leaver(t).Path)
	command = strings.NewReplacer("/etc/leaver/leaver.yaml", config, "/usr/local/bin", bin).Replace(command)
	cmd := exec.Command("sh", "-c", command)
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// mustPlay expects the command to make an accepted run.
func mustPlay(t *testing.T, command string) {
	t.Helper()
	if !strings.Contains(command, "/etc/leaver/leaver.yaml") {
		t.Fatalf("%q does not name the configuration of the example", command)
	}
	out, err := play(t, command)
	if err != nil || !strings.Contains(out, "(accepted)") {
		t.Errorf("%q: %v\n%s", command, err, out)
	}
}

// settings are what follows KEY= in a unit, each time that it is there.
func settings(unit, key string) []string {
	var found []string
	for line := range strings.Lines(unit) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), key+"="); ok {
			found = append(found, value)
		}
	}
	return found
}

func TestSystemdExamples(t *testing.T) {
	service, serve, timer := example(t, "systemd/leaver.service"), example(t, "systemd/leaver-serve.service"), example(t, "systemd/leaver.timer")
	for _, start := range settings(service, "ExecStart") {
		mustPlay(t, start)
	}
	for _, start := range settings(serve, "ExecStart") {
		// A folder without a schedule: the command is understood, and says what is missing.
		if out, err := play(t, start); exitOf(err) != exitUsage || !strings.Contains(out, "nothing to serve") {
			t.Errorf("%q: %v\n%s", start, err, out)
		}
	}
	for unit, wants := range map[string]map[string]string{
		service: {"Type": "oneshot", "ProtectSystem": "strict", "UMask": "0077", "StateDirectoryMode": "0700"},
		serve:   {"Restart": "on-failure", "SuccessExitStatus": "130", "ProtectSystem": "strict", "UMask": "0077"},
		timer:   {"Persistent": "true", "OnCalendar": "*-*-* 02:30:00 UTC"},
	} {
		for key, want := range wants {
			if got := settings(unit, key); len(got) != 1 || got[0] != want {
				t.Errorf("%s=%q, want %q", key, got, want)
			}
		}
	}
}

// TestSystemdVerify asks systemd itself, where it is installed.
func TestSystemdVerify(t *testing.T) {
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the units in docs/examples were not verified by systemd")
	}
	bin := filepath.Dir(leaver(t).Path)
	dir := t.TempDir()
	var units []string
	for _, name := range []string{"leaver.service", "leaver-serve.service", "leaver.timer"} {
		unit := filepath.Join(dir, name)
		text := strings.ReplaceAll(example(t, "systemd/"+name), "/usr/local/bin", bin)
		if err := os.WriteFile(unit, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		units = append(units, unit)
	}
	if out, err := exec.Command(tool, append([]string{"verify", "--man=no"}, units...)...).CombinedOutput(); err != nil || strings.Contains(string(out), dir) {
		t.Errorf("%v\n%s", err, out)
	}
	if out, err := exec.Command(tool, "calendar", settings(example(t, "systemd/leaver.timer"), "OnCalendar")[0]).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestCronExample(t *testing.T) {
	jobs := 0
	for line := range strings.Lines(example(t, "leaver.cron")) {
		fields := strings.Fields(line)
		if len(fields) < 7 || strings.HasPrefix(line, "#") {
			continue
		}
		jobs++
		mustSchedule(t, strings.Join(fields[:5], " "))
		mustPlay(t, strings.Join(fields[6:], " ")) // the sixth field is the user
	}
	if jobs != 1 {
		t.Errorf("%d jobs", jobs)
	}
}

// mustSchedule expects an expression of an example to be one of ours, too.
func mustSchedule(t *testing.T, expression string) {
	t.Helper()
	if _, err := schedule.Parse(expression, nil); err != nil {
		t.Error(err)
	}
}

// cronJob is the part of a Kubernetes CronJob that the example uses; any other key is an error.
type cronJob struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Metadata   map[string]string `yaml:"metadata"`
	Spec       struct {
		Schedule                   string `yaml:"schedule"`
		TimeZone                   string `yaml:"timeZone"`
		ConcurrencyPolicy          string `yaml:"concurrencyPolicy"`
		StartingDeadlineSeconds    int64  `yaml:"startingDeadlineSeconds"`
		SuccessfulJobsHistoryLimit int32  `yaml:"successfulJobsHistoryLimit"`
		FailedJobsHistoryLimit     int32  `yaml:"failedJobsHistoryLimit"`
		JobTemplate                struct {
			Spec struct {
				BackoffLimit          *int32 `yaml:"backoffLimit"`
				ActiveDeadlineSeconds int64  `yaml:"activeDeadlineSeconds"`
				Template              struct {
					Spec podSpec `yaml:"spec"`
				} `yaml:"template"`
			} `yaml:"spec"`
		} `yaml:"jobTemplate"`
	} `yaml:"spec"`
}

type podSpec struct {
	RestartPolicy                 string         `yaml:"restartPolicy"`
	AutomountServiceAccountToken  *bool          `yaml:"automountServiceAccountToken"`
	TerminationGracePeriodSeconds int64          `yaml:"terminationGracePeriodSeconds"`
	SecurityContext               map[string]any `yaml:"securityContext"`
	Containers                    []struct {
		Name            string           `yaml:"name"`
		Image           string           `yaml:"image"`
		Command         []string         `yaml:"command"`
		Env             []map[string]any `yaml:"env"`
		SecurityContext map[string]any   `yaml:"securityContext"`
		VolumeMounts    []volumeMount    `yaml:"volumeMounts"`
		Resources       map[string]any   `yaml:"resources"`
	} `yaml:"containers"`
	Volumes []map[string]any `yaml:"volumes"`
}

type volumeMount struct {
	Name      string `yaml:"name"`
	MountPath string `yaml:"mountPath"`
	ReadOnly  bool   `yaml:"readOnly"`
}

func TestKubernetesExample(t *testing.T) {
	loader, err := yaml.NewLoader(bytes.NewReader([]byte(example(t, "kubernetes/cronjob.yaml"))), yaml.WithKnownFields(true))
	if err != nil {
		t.Fatal(err)
	}
	var job cronJob
	if err := loader.Load(&job); err != nil {
		t.Fatal(err)
	}
	pod := job.Spec.JobTemplate.Spec.Template.Spec
	if job.APIVersion != "batch/v1" || job.Kind != "CronJob" || job.Spec.ConcurrencyPolicy != "Forbid" || job.Spec.StartingDeadlineSeconds < 60 ||
		job.Spec.TimeZone == "" || pod.RestartPolicy != "Never" || job.Spec.JobTemplate.Spec.BackoffLimit == nil || len(pod.Containers) != 1 {
		t.Errorf("%+v", job)
	}
	mustSchedule(t, job.Spec.Schedule)
	volumes := map[any]bool{}
	for _, v := range pod.Volumes {
		volumes[v["name"]] = true
	}
	for _, mount := range pod.Containers[0].VolumeMounts {
		if !volumes[mount.Name] {
			t.Errorf("the volume %q is mounted and not defined", mount.Name)
		}
	}
	mustPlay(t, strings.Join(pod.Containers[0].Command, " "))
}

// TestPrometheusExample: an alert on a metric that nobody writes never rings.
func TestPrometheusExample(t *testing.T) {
	loader, err := yaml.NewLoader(strings.NewReader(example(t, "prometheus/leaver.rules.yaml")), yaml.WithKnownFields(true))
	if err != nil {
		t.Fatal(err)
	}
	var rules struct {
		Groups []struct {
			Name  string `yaml:"name"`
			Rules []struct {
				Alert       string            `yaml:"alert"`
				Expr        string            `yaml:"expr"`
				For         string            `yaml:"for"`
				Labels      map[string]string `yaml:"labels"`
				Annotations map[string]string `yaml:"annotations"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := loader.Load(&rules); err != nil {
		t.Fatal(err)
	}
	var written bytes.Buffer
	full := metrics.Run{LastSuccess: time.Unix(1, 0), Sources: []metrics.Source{{Name: "crm"}}, Findings: map[string]int64{"orphan": 1}, Decisions: map[string]int64{"due": 1}}
	if err := metrics.Write(&written, full); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, group := range rules.Groups {
		for _, rule := range group.Rules {
			for _, name := range regexp.MustCompile(`leaver_\w+`).FindAllString(rule.Expr, -1) {
				if asked++; !strings.Contains(written.String(), "# TYPE "+name+" ") {
					t.Errorf("alert %s asks for %s, which nobody writes", rule.Alert, name)
				}
			}
		}
	}
	if asked < 4 {
		t.Errorf("%d metrics in alerts", asked)
	}
}
