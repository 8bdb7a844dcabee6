/* What has been placed in one answer, and where there is room for more (rules of taste 6). */
#include "place/place.h"

struct str refusal_name(enum refusal r)
{
	switch (r) {
	case REFUSED_NOT:
		break;
	case REFUSED_NO_MATCH:
		return STR("no_match");
	case REFUSED_BELOW_THRESHOLD:
		return STR("below_threshold");
	case REFUSED_CROWDED:
		return STR("capped");
	case REFUSED_OUT_OF_STOCK:
		return STR("out_of_stock");
	case REFUSED_OVER_BUDGET:
		return STR("over_budget");
	case REFUSED_BLOCKED:
		return STR("blocked");
	}
	return STR_NONE;
}

void place_spots_init(struct place_spots *s, uint32_t max)
{
	*s = (struct place_spots){.max = max < PLACE_MAX_LINKS ? max : PLACE_MAX_LINKS, .clause = UINT32_MAX, .sentence = UINT32_MAX};
}

void place_spots_shown(struct place_spots *s, uint64_t item)
{
	if (s->shown_count < ARRAY_LEN(s->shown))
		s->shown[s->shown_count++] = item;
}

enum refusal place_room(const struct place_spots *s, const struct place_policy *p, const struct text_token *at, struct str phrase)
{
	if (s->count >= s->max || s->clause == at->clause)
		return REFUSED_CROWDED;
	if (s->sentence == at->sentence && s->in_sentence >= place_limits(p)->per_sentence)
		return REFUSED_CROWDED;
	uint64_t h = hash_bytes(phrase, 0);
	for (uint32_t i = 0; i < s->count; i++)
		if (s->phrase[i] == h)
			return REFUSED_CROWDED;
	return REFUSED_NOT;
}

bool place_has_item(const struct place_spots *s, const struct product *p)
{
	if (s->count + s->shown_count == 0)
		return false;
	uint64_t item = product_item(p);
	for (uint32_t i = 0; i < s->count; i++)
		if (s->item[i] == item)
			return true;
	for (uint32_t i = 0; i < s->shown_count; i++)
		if (s->shown[i] == item)
			return true;
	return false;
}

void place_take(struct place_spots *s, const struct text_token *at, struct str phrase, uint64_t item)
{
	s->in_sentence = s->sentence == at->sentence ? s->in_sentence + 1 : 1;
	s->sentence = at->sentence;
	s->clause = at->clause;
	s->phrase[s->count] = hash_bytes(phrase, 0);
	s->item[s->count++] = item;
}
