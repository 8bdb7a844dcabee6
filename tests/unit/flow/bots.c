/* Which clicks are people's, by what the request says: real-looking browsers, apps, crawlers, previews, with the rules as they are shipped.
 */
#include "flow/bots.h"
#include "flow/core.h"
#include "flow/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define CHROME "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
#define IPHONE "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
#define WEBVIEW                                                                                                                            \
	"Mozilla/5.0 (Linux; Android 14; SM-S918B Build/UP1A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/130.0 Mobile " \
	"Safari/537.36 "

struct agent_case {
	const char *agent;
	enum click_class class;
};

static void judge_all(const struct agent_case *c, size_t n)
{
	struct flow_rules *rules = kit_rules();
	for (size_t i = 0; i < n; i++) {
		struct follow_request r = {.user_agent = str_of(c[i].agent)};
		struct bot_verdict v = bots_judge(&rules->bots, &r, true);
		if (v.class != c[i].class)
			fail_msg("%s: %s by %s", c[i].agent, click_class_name(v.class).p, v.rule);
		assert_true((v.class == CLICK_HUMAN) == !v.rule[0]);
	}
	flow_rules_unref(rules);
}

static void browsers_and_in_app_browsers_are_people(void **state)
{
	static const struct agent_case cases[] = {
		{CHROME, CLICK_HUMAN},
		{CHROME " Edg/142.0.0.0", CLICK_HUMAN},
		{CHROME " OPR/120.0.0.0", CLICK_HUMAN},
		{"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", CLICK_HUMAN},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
			CLICK_HUMAN},
		{IPHONE "Version/18.5 Mobile/15E148 Safari/604.1", CLICK_HUMAN},
		{IPHONE "CriOS/142.0.7444.46 Mobile/15E148 Safari/604.1", CLICK_HUMAN},
		{IPHONE "GSA/380.0 Mobile/15E148 Safari/604.1", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 MicroMessenger/8.0.54(0x18003633) NetType/WIFI Language/zh_CN", CLICK_HUMAN},
		{WEBVIEW "XWEB/1300259 MMWEBSDK/20241103 MicroMessenger/8.0.55.2780(0x28003736) WeChat/arm64 Weixin NetType/5G "
			 "Language/zh_CN ABI/arm64",
			CLICK_HUMAN},
		{WEBVIEW "MicroMessenger/7.0.1 MiniProgramEnv/android", CLICK_HUMAN},
		{WEBVIEW "Doubao/7.9.0 JsSdk/1.0 NetType/WIFI Channel/update AppName/nova app_version/7.9.0 ByteLocale/zh-CN "
			 "ByteFullLocale/zh-Hans-CN Region/CN",
			CLICK_HUMAN},
		{WEBVIEW "aweme_330000 JsSdk/1.0 NetType/WIFI AppName/aweme BytedanceWebview/d8a21c6", CLICK_HUMAN},
		{WEBVIEW "musical_ly_2023805040 BytedanceWebview/d8a21c6 ByteLocale/en", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 Safari Line/14.20.1", CLICK_HUMAN},
		{WEBVIEW "Line/14.18.0/IAB", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 [FBAN/FBIOS;FBAV/500.0.0.52.100;FBBV/701236213;FBDV/iPhone15,3;FBMD/iPhone;FBSN/iOS;FBLC/en_US]",
			CLICK_HUMAN},
		{WEBVIEW "[FB_IAB/FB4A;FBAV/502.0.0.60.79;]", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 Instagram 361.0.0.0 (iPhone15,3; iOS 18_5; en_US; scale=3.00; 1290x2796)", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 Twitter for iPhone/10.70", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 [Pinterest/iOS]", CLICK_HUMAN},
		{IPHONE "Mobile/15E148 Snapchat/13.20.0.42 (like Safari/8618.1.15, panda)", CLICK_HUMAN},
		{IPHONE "[LinkedInApp]/9.30.1", CLICK_HUMAN},
		{WEBVIEW "AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/40000000 Channel/263200", CLICK_HUMAN},
		{WEBVIEW "Lark/7.28.6 LarkLocale/zh_CN ChannelName/Feishu TTWebView/1130", CLICK_HUMAN},
		{WEBVIEW "AliApp(TB/10.40.0) TTID/700342 WindVane/8.5.0", CLICK_HUMAN},
		{WEBVIEW "QQ/9.1.0 V1_AND_SQ_9.1.0", CLICK_HUMAN},
		{WEBVIEW "Weibo (samsung__weibo__14.10.0)", CLICK_HUMAN},
		{WEBVIEW "xhsdiscover/8.60.0", CLICK_HUMAN},
		{WEBVIEW "baiduboxapp/13.60.5.10 (Baidu; P1 14)", CLICK_HUMAN},
		{WEBVIEW "KAKAOTALK/25.2.0 (INAPP)", CLICK_HUMAN},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Electron/33.0 "
		 "Safari/537.36 Slack_SSB/4.41.97",
			CLICK_HUMAN},
		{"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) discord/1.0.9170 Chrome/128.0 Electron/32.2 "
		 "Safari/537.36",
			CLICK_HUMAN},
		{"Mozilla/5.0 (Linux; Android 13; CUBOT P80 Build/TP1A) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile "
		 "Safari/537.36",
			CLICK_HUMAN},
		{"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/111.0 Mobile Safari/537.36 (Ecosia "
		 "android@111.0.5563.116)",
			CLICK_HUMAN},
		{"Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)", CLICK_HUMAN},
		{"Opera/9.80 (Android; Opera Mini/36.2.2254/191.303; U; en) Presto/2.12.423 Version/12.16", CLICK_HUMAN},
		{"BlackBerry8520/5.0.0.681 Profile/MIDP-2.1 Configuration/CLDC-1.1 VendorID/600", CLICK_HUMAN},
		{"Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0 Safari/537.36 ArkWeb/4.1.6.1 "
		 "Mobile",
			CLICK_HUMAN},
		{"Mozilla/5.0 (SMART-TV; Linux; Tizen 7.0) AppleWebKit/537.36 (KHTML, like Gecko) Version/7.0 TV Safari/537.36",
			CLICK_HUMAN},
	};
	(void)state;
	judge_all(cases, ARRAY_LEN(cases));
}

static void programs_are_none(void **state)
{
	static const struct agent_case cases[] = {
		{"", CLICK_BOT},
		{"   ", CLICK_BOT},
		{"-", CLICK_BOT},
		{"curl/8.5.0", CLICK_BOT},
		{"Wget/1.21.4 (linux-gnu)", CLICK_BOT},
		{"python-requests/2.32.3", CLICK_BOT},
		{"python-httpx/0.27.0", CLICK_BOT},
		{"Go-http-client/2.0", CLICK_BOT},
		{"okhttp/4.12.0", CLICK_BOT},
		{"Java/17.0.9", CLICK_BOT},
		{"Dalvik-like/1.0", CLICK_HUMAN}, /* a positive control of the list of devices: what runs on one is let through */
		{"axios/1.7.2", CLICK_BOT},
		{"node", CLICK_BOT},
		{"libwww-perl/6.77", CLICK_BOT},
		{"Mozilla/5.0", CLICK_BOT},
		{"Mozilla/5.0 (compatible)", CLICK_BOT},
		{"Mozilla/5.0 (compatible; evc-batch/2.0)", CLICK_BOT},
		{"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", CLICK_BOT},
		{"Mozilla/5.0 (Linux; Android 6.0.1; Nexus 5X Build/MMB29P) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Mobile "
		 "Safari/537.36"
		 " (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
			CLICK_BOT},
		{"Mozilla/5.0 (compatible; Baiduspider/2.0; +http://www.baidu.com/search/spider.html)", CLICK_BOT},
		{"Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; Bytespider; "
		 "spider-feedback@bytedance.com)",
			CLICK_BOT},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko); compatible; ChatGPT-User/1.0; +https://openai.com/bot", CLICK_BOT},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)", CLICK_BOT},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Claude-User/1.0; +Claude-User@anthropic.com)", CLICK_BOT},
		{"Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; PerplexityBot/1.0; +https://perplexity.ai/perplexitybot)",
			CLICK_BOT},
		{"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/142.0.0.0 Safari/537.36",
			CLICK_BOT},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36 "
		 "Chrome-Lighthouse",
			CLICK_BOT},
		{"Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)", CLICK_BOT},
		{"Datadog Agent/7.50.0", CLICK_BOT},
		{"Amazon-Route53-Health-Check-Service (ref b0eb04d5; report http://amzn.to/1vsZADi)", CLICK_BOT},
		{"Mozilla/5.0 (compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)", CLICK_BOT},
		{"ClamAV 0.95.3", CLICK_BOT},
		{"Mozilla/5.0 (compatible; Ezooms/1.0; help@moz.com)", CLICK_BOT},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64) Gecko/20100101 Firefox/60.0 ops@scanner-host.net", CLICK_BOT},
		{"ia_archiver (+http://www.alexa.com/site/help/webmasters; crawler@alexa.com)", CLICK_BOT},
	};
	(void)state;
	judge_all(cases, ARRAY_LEN(cases));
}

static void previews_are_told_from_the_apps_that_ask_for_them(void **state)
{
	static const struct agent_case cases[] = {
		{"Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)", CLICK_PREVIEW},
		{"Slack-ImgProxy (+https://api.slack.com/robots)", CLICK_PREVIEW},
		{"facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)", CLICK_PREVIEW},
		{"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 Safari/601.2.4 "
		 "facebookexternalhit/1.1 Facebot "
		 "Twitterbot/1.0",
			CLICK_PREVIEW},
		{"Twitterbot/1.0", CLICK_PREVIEW},
		{"TelegramBot (like TwitterBot)", CLICK_PREVIEW},
		{"WhatsApp/2.23.20.0 A", CLICK_PREVIEW},
		{"Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)", CLICK_PREVIEW},
		{"LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)", CLICK_PREVIEW},
		{"Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5", CLICK_PREVIEW},
		{"Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.example/)", CLICK_PREVIEW},
		{"DingTalkBot-LinkService/1.0 (+https://docs.dingtalk.com/)", CLICK_PREVIEW},
		{"Mozilla/5.0 (Macintosh) AppleWebKit/537.36 (KHTML, like Gecko) LarkUrl2png/1.0 Chrome/88.0 Safari/537.36", CLICK_PREVIEW},
		{"Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)", CLICK_PREVIEW},
		{"Discourse Forum Onebox v2.6.0.beta2", CLICK_PREVIEW},
	};
	(void)state;
	judge_all(cases, ARRAY_LEN(cases));
}

struct header_case {
	struct follow_request r;
	enum click_class class;
	const char *rule;
};

static void headers_tell_what_the_agent_does_not(void **state)
{
	static const struct header_case cases[] = {
		{{.fetch_mode = {"navigate", 8}, .fetch_dest = {"document", 8}}, CLICK_HUMAN, ""},
		{{.fetch_site = {"cross-site", 10}}, CLICK_HUMAN, ""},
		{{.fetch_mode = {"no-cors", 7}, .fetch_dest = {"image", 5}}, CLICK_BOT, "fetch:mode"},
		{{.fetch_mode = {"cors", 4}, .fetch_dest = {"empty", 5}}, CLICK_BOT, "fetch:mode"},
		{{.fetch_mode = {"navigate", 8}, .fetch_dest = {"iframe", 6}}, CLICK_BOT, "fetch:dest"},
		{{.fetch_dest = {"script", 6}}, CLICK_BOT, "fetch:dest"},
		{{.purpose = {{"prefetch", 8}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{"prefetch;prerender", 18}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{"Prefetch", 8}}, .fetch_mode = {"navigate", 8}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{NULL, 0}, {"prefetch", 8}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{NULL, 0}, {NULL, 0}, {"preview", 7}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {"prefetch", 8}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{"other", 5}, {NULL, 0}, {NULL, 0}, {"prefetch", 8}}}, CLICK_PREFETCH, "header:purpose"},
		{{.purpose = {{"other", 5}}}, CLICK_HUMAN, ""},
	};
	struct flow_rules *rules = kit_rules();
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct follow_request r = cases[i].r;
		r.user_agent = STR(CHROME);
		struct bot_verdict v = bots_judge(&rules->bots, &r, true);
		if (v.class != cases[i].class || strcmp(v.rule, cases[i].rule) != 0)
			fail_msg("case %zu: %s by %s", i, click_class_name(v.class).p, v.rule);
	}
	/* A preview that is prefetched is a prefetch; an agent that nobody saw says nothing. */
	struct follow_request both = {.user_agent = STR("Twitterbot/1.0"), .purpose = {STR("prefetch")}},
			      unseen = {.address = STR("1.2.3.4")};
	assert_int_equal(bots_judge(&rules->bots, &both, true).class, CLICK_PREFETCH);
	assert_int_equal(bots_judge(&rules->bots, &unseen, false).class, CLICK_HUMAN);
	assert_int_equal(bots_judge(&rules->bots, &unseen, true).class, CLICK_BOT);
	flow_rules_unref(rules);
}

static enum status read_both(const char *own, struct arena *a, struct bot_rules *out, struct err *e)
{
	const struct doc *rules = NULL, *mine = NULL;
	enum status s = doc_parse(STR("bots: [acme]\npreviews: [peek]\ndevices: [windows]\n"), a, &rules, e);
	if (s == OK)
		s = doc_parse(str_of(own), a, &mine, e);
	return s == OK ? bots_read(rules, mine, a, out, e) : s;
}

static enum click_class with_own(const char *own, const char *agent)
{
	struct bot_rules b = {0};
	struct err e = {0};
	struct arena *a = arena_new(1 << 20);
	struct follow_request r = {.user_agent = str_of(agent)};
	if (read_both(own, a, &b, &e) != OK)
		fail_msg("%s: %s", e.where, e.text);
	enum click_class c = bots_judge(&b, &r, true).class;
	arena_free(a);
	return c;
}

static void an_operator_adds_a_list(void **state)
{
	(void)state;
	static const char lists[] = "bots:\n  - Evil Fetcher\npeople: [Acme Phone]\npreviews: ['^look/']\n";
	assert_int_equal(with_own("[]", "Windows Evil Fetcher"), CLICK_HUMAN);
	assert_int_equal(with_own("- Evil Fetcher\n- other\n", "Windows evil fetcher"), CLICK_BOT);
	assert_int_equal(with_own(lists, "Windows evil fetcher"), CLICK_BOT);
	assert_int_equal(with_own(lists, "Windows Acme"), CLICK_BOT);
	assert_int_equal(with_own(lists, "Windows Acme Phone"), CLICK_HUMAN);
	assert_int_equal(with_own(lists, "Look/1.0 Windows"), CLICK_PREVIEW);
	assert_int_equal(with_own(lists, "Windows Outlook/1.0"), CLICK_HUMAN);
	/* crawler-user-agents.json: plain expressions are taken, others passed over. */
	static const char json[] = "[{\"pattern\": \"Evil\\\\/Bot\", \"url\": \"https://evil.example\"}, {\"pattern\": \"a[bc]+windows\"},"
				   " {\"pattern\": \"^Begin\\\\.here\"}]";
	assert_int_equal(with_own(json, "Windows evil/bot"), CLICK_BOT);
	assert_int_equal(with_own(json, "abcwindows"), CLICK_HUMAN);
	assert_int_equal(with_own(json, "begin.here windows"), CLICK_BOT);
	assert_int_equal(with_own(json, "windows begin.here"), CLICK_HUMAN);
}

static void a_wrong_list_is_refused(void **state)
{
	static const char *const wrong[] = {"- a\n", "bots: windows\n", "bots: ['^']\n", "bots: ['']\n", "word\n"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
		struct bot_rules b = {0};
		struct err e = {0};
		struct arena *a = arena_new(1 << 20);
		if (read_both(wrong[i], a, &b, &e) != E_INPUT)
			fail_msg("taken: %s", wrong[i]);
		assert_true(e.text[0]);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(browsers_and_in_app_browsers_are_people),
		cmocka_unit_test(programs_are_none),
		cmocka_unit_test(previews_are_told_from_the_apps_that_ask_for_them),
		cmocka_unit_test(headers_tell_what_the_agent_does_not),
		cmocka_unit_test(an_operator_adds_a_list),
		cmocka_unit_test(a_wrong_list_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
