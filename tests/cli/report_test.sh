# Pages for browsers: eval --report and train, opened in headless Chromium where it is installed.
. "$(dirname "$0")/lib.sh"
need_model
export XDG_CACHE_HOME=$LOGS/cache PYTHONDONTWRITEBYTECODE=1
own=(-m "$MODEL" --metrics ms_ssim,smooth_edges)
browse=/usr/bin/python3
"$browse" -c 'import selenium' 2>/dev/null && command -v chromedriver >/dev/null || browse=
[ -n "$browse" ] || echo "SKIPPED: chromium-driver or python3-selenium is missing, so pages were not opened in a browser"
look() { [ -z "$browse" ] || { expect 0 "$browse" "$SOURCE/tests/cli/report_check.py" "$@" && expect_stdout '0 requests, 0 console errors'; }; }

# Two pictures, one of them gray, with a name that would be HTML.
small_image small.ppm 200 180
cp "$SAMPLE" 'a <b>&amp; "picture".png'
expect 0 "$AECOMP" eval 'a <b>&amp; "picture".png' small.ppm "${own[@]}" --qualities 0,50,100 --peers webp,jpeg --report page.html
expect_stderr 'page.html: [0-9.]* kB, open it in a browser' && expect_stdout 'BD-rate'
! grep -qE '(src|href)="http|<b>&amp|url\(["/h]' page.html || fail "the page names another place, or a name became HTML"
grep -q '"worst":\[\[' page.html || fail "no worst regions"
look page.html
# Equal bytes within a tenth: each version of the first picture beside aecomp's.
/usr/bin/python3 - page.html <<'P' || fail "versions have other bytes than aecomp's"
import json, re, sys
data = json.loads(re.search(r'id="data">(.*?)</script>', open(sys.argv[1]).read(), re.S)[1])
assert len(data["pictures"]) == 2 and [v["codec"] for v in data["pictures"][0]["variants"]] == ["aecomp", "webp", "jpeg"]
own, webp, jpeg = (v["bytes"] for v in data["pictures"][0]["variants"])
assert 0.9 < webp / own < 1.1, (own, webp)
assert data["rates"] and all("low" in r and "high" in r for r in data["rates"])
P

# With one picture, one quality and no other codec there is still a page.
expect 0 "$AECOMP" eval small.ppm "${own[@]}" --qualities 50 --no-codecs --report alone.html && expect_file alone.html
expect_refusal 2 'quality' "$AECOMP" eval small.ppm "${own[@]}" --report x.html --report-quality 101
expect 6 "$AECOMP" eval small.ppm "${own[@]}" --qualities 50 --no-codecs --report missing/x.html && expect_stderr 'missing/x.html'

# Training ends with a page: its course, held-out pictures before and after.
mkdir images held && cp "$SAMPLE" images/ && small_image held/one.ppm 120 96
expect 0 "$AECOMP" train images --val held --init "$MODEL" --steps 2 --batch 1 --patch 64 -o mine.aecm
expect_stderr 'report: mine.aecm.report.html' && expect_file mine.aecm.report.html
grep -q '"codec":"before training"' mine.aecm.report.html || fail "no picture from before training"
grep -q '"anchor":"before training","metric":"ms_ssim"' mine.aecm.report.html || fail "no BD-rate against the start"
look mine.aecm.report.html --training
expect 0 "$AECOMP" train images --arch "$SOURCE/data/arch/tiny.json" --init none --steps 2 --batch 1 --patch 64 -o new.aecm
grep -q 'No image was held out' new.aecm.report.html || fail "a run without held-out images has another page"
look new.aecm.report.html --training --no-pictures --no-curves
expect 0 "$AECOMP" train images --arch "$SOURCE/data/arch/tiny.json" --init none --steps 2 --batch 1 --patch 64 -o quiet.aecm --no-report
expect_no_file quiet.aecm.report.html
finish
