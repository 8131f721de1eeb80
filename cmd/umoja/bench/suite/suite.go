package suite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// Run measures the rows that were not measured before, and returns all. When the context ends it returns what there is, with the cause.
func Run(ctx context.Context, o Options) (d Document, err error) {
	if err := o.Check(); err != nil {
		return d, err
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return d, fmt.Errorf("make a folder: %w", err)
	}
	j, err := openJournal(filepath.Join(o.Dir, "journal.jsonl"), begin{Suite: o.Suite, Duration: o.Duration, Rate: o.Rate, At: time.Now()})
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, j.file.Close()) }()
	d = Document{Suite: o.Suite, Seconds: o.Duration.Seconds(), Full: o.suite().duration.Seconds(), Begun: j.begun.At}
	all := o.rows()
	for i, row := range all {
		told := teller{o.Progress, fmt.Sprintf("[%d/%d %s]", i+1, len(all), row.name)}
		if done := j.rows[row.name]; done != nil && (done.Error == "" || done.Wrong) { // What is wrong stays so: another try would only hide it.
			told.tell("done before: %s", done.Verdict)
			d.Rows = append(d.Rows, done)
			continue
		}
		result := measure(ctx, o, row, j, told)
		if ctx.Err() != nil {
			return d, context.Cause(ctx) // It is not finished: the next run does it.
		}
		d.Rows = append(d.Rows, result)
		told.tell("%s", result)
		if err := j.write(entry{Row: result}); err != nil {
			return d, err
		}
	}
	return d, nil
}

// measure runs one row, audits its networks, and judges.
func measure(ctx context.Context, o Options, row row, j *journal, told teller) *Result {
	begun := time.Now()
	result := &Result{Row: row.name, Measure: row.measure, Goal: row.goal}
	r := &run{o: o, row: row, result: result, journal: j, told: told, dir: filepath.Join(o.Dir, row.name)}
	told.tell("%s%s", row.measure, wanted(row.goal))
	err := r.begin()
	if err == nil {
		err = row.run(ctx, r)
	}
	if err == nil {
		err = r.audit(ctx)
	}
	err = errors.Join(err, r.stop(ctx))
	switch result.judge(); {
	case result.Wrong || len(r.ended) > 0: // A ledger that is wrong is evidence, and so is the log of a validator that has ended.
		result.Kept = r.dir
		told.tell("its networks are kept in %s", r.dir)
	case err == nil || !row.keep:
		err = errors.Join(err, os.RemoveAll(r.dir))
	}
	if err != nil {
		result.Error = err.Error()
	}
	result.Seconds = time.Since(begun).Seconds()
	result.judge()
	return result
}

func wanted(goal string) string {
	if goal == "" {
		return ""
	}
	return ", wanted " + goal
}

// teller writes what goes on, with the time and the row before it.
type teller struct {
	out    io.Writer
	prefix string
}

// Write takes a line at a time.
func (t teller) Write(line []byte) (int, error) {
	if _, err := fmt.Fprintf(t.out, "%s %s %s", time.Now().Format("15:04:05"), t.prefix, line); err != nil {
		return 0, fmt.Errorf("tell progress: %w", err)
	}
	return len(line), nil
}

func (t teller) tell(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }
