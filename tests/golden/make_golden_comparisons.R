# Golden values for groups compared within strata, over strata and pair by pair: three groups of plasma-cell
# disorders (M-spike) by sex in mgus2, and low birth weight of three groups (race) by smoking in birthwt.
# Run in this folder: Rscript make_golden_comparisons.R
# Reads mgus2.csv and birthwt.csv of the other scripts; writes golden_comparisons.csv (one value a row, 15
# significant digits, empty = NA; the parts of a quantity are separated by |) and its sessionInfo.
library(survival)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
out <- new.env(); out$rows <- list()
add <- function(id, ..., value) {
  value <- as.numeric(value); stopifnot(length(value) == 1)
  text <- if (is.na(value)) "" else sprintf("%.15g", value)
  out$rows[[length(out$rows) + 1]] <- data.frame(id = id, quantity = paste(..., sep = "|"), value = text)
}

# ---- survival: reference group "middle", strata sex -----------------------------------------------------
m <- read.csv("mgus2.csv"); m <- m[seq(1, nrow(m), 4), ]; m$event <- m$cause > 0
GROUPS <- c("low", "middle", "high"); BASE <- "middle"
m$spike <- factor(m$spike, GROUPS); m$sex <- factor(m$sex, c("F", "M"))
p_of <- function(s) pchisq(s$chisq, length(s$n) - 1, lower.tail = FALSE)
cox <- function(id, formula, data, base) {
  data$spike <- relevel(data$spike, base); f <- coxph(formula, data, control = TIGHT); ci <- exp(confint(f))
  for (g in setdiff(GROUPS, base)) {
    v <- paste0("spike", g); i <- match(v, names(coef(f))); pair <- paste(g, "vs", base)
    add(id, "hazard_ratio", pair, value = exp(coef(f)[i])); add(id, "conf_low", pair, value = ci[i, 1])
    add(id, "conf_high", pair, value = ci[i, 2]); add(id, "p_value", pair, value = summary(f)$coefficients[i, "Pr(>|z|)"])
  }
}
for (s in levels(m$sex)) {
  d <- m[m$sex == s, ]
  add(s, "logrank", value = p_of(survdiff(Surv(time, event) ~ spike, d)))
  cox(s, Surv(time, event) ~ spike, d, BASE)
  for (g in GROUPS) {
    f <- survfit(Surv(time, event) ~ 1, d[d$spike == g, ], conf.type = "log-log"); q <- quantile(f, 0.5)
    for (k in c("quantile", "lower", "upper")) add(s, "median", k, g, value = q[[k]])
    for (k in c("surv", "lower", "upper")) add(s, "at60", k, g, value = summary(f, times = 60)[[k]])
  }
}
add("over", "logrank_stratified", value = p_of(survdiff(Surv(time, event) ~ spike + strata(sex), m)))
main <- coxph(Surv(time, event) ~ spike + sex, m, control = TIGHT)
both <- coxph(Surv(time, event) ~ spike * sex, m, control = TIGHT)
add("over", "interaction", value = pchisq(2 * (both$loglik[2] - main$loglik[2]), 2, lower.tail = FALSE))
pairs <- combn(GROUPS, 2, simplify = FALSE)
for (stratified in c(FALSE, TRUE)) {
  id <- if (stratified) "pairs_stratified" else "pairs"
  p <- sapply(pairs, function(q) {
    d <- m[m$spike %in% q, ]; d$spike <- factor(d$spike)
    p_of(if (stratified) survdiff(Surv(time, event) ~ spike + strata(sex), d) else survdiff(Surv(time, event) ~ spike, d))
  })
  for (i in seq_along(pairs)) {
    add(id, "logrank", paste(pairs[[i]], collapse = " "), value = p[i])
    add(id, "holm", paste(pairs[[i]], collapse = " "), value = p.adjust(p, "holm")[i])
  }
  for (base in GROUPS) cox(id, if (stratified) Surv(time, event) ~ spike + strata(sex) else Surv(time, event) ~ spike, m, base)
}

# ---- an outcome: low birth weight, reference group "other", strata smoking --------------------------------
b <- read.csv("birthwt.csv"); b$race <- factor(b$race, c("white", "black", "other"))
b$smoke <- factor(b$smoke, c("no", "yes")); b$age_25 <- factor(ifelse(b$age < 25, "<25", "25+"))
profile_root <- function(X, y, j, f) {  # exact limits: the spline of confint() is good to 1e-3
  fit <- function(v) suppressWarnings(glm.fit(X[, -j, drop = FALSE], y, offset = X[, j] * v, family = binomial(),
                                              control = glm.control(1e-14, 200))$deviance)
  h <- function(v) fit(v) - deviance(f) - qchisq(.95, 1)
  e <- unname(coef(f)[j]); s <- summary(f)$coefficients[j, 2]
  side <- function(k) { r <- 1; while (h(e + k * r * s) < 0) r <- r * 1.5; uniroot(h, sort(c(e, e + k * r * s)), tol = 1e-12)$root }
  c(side(-1), side(1), pchisq(fit(0) - deviance(f), 1, lower.tail = FALSE))
}
logit <- function(id, formula, data, base = "other") {
  data$race <- relevel(data$race, base); f <- glm(formula, binomial, data, control = glm.control(1e-14, 200))
  X <- model.matrix(f); y <- f$y
  for (g in setdiff(levels(b$race), base)) {
    j <- match(paste0("race", g), names(coef(f))); r <- profile_root(X, y, j, f); add(id, "odds_ratio", g, value = exp(coef(f)[j]))
    add(id, "conf_low", g, value = exp(r[1])); add(id, "conf_high", g, value = exp(r[2])); add(id, "p", g, value = r[3])
  }
}
lr <- function(a, b) { d <- length(coef(b)) - length(coef(a)); pchisq(deviance(a) - deviance(b), d, lower.tail = FALSE) }
for (part in c("all", "no", "yes")) {
  d <- if (part == "all") b else b[b$smoke == part, ]; id <- paste0("low.", part)
  logit(id, low ~ race, d)
  t <- table(d$race, d$low); expected <- suppressWarnings(chisq.test(t, correct = FALSE))$expected
  add(id, "overall", value = if (any(expected < 5)) fisher.test(t)$p.value else chisq.test(t, correct = FALSE)$p.value)
  for (g in c("white", "black")) {
    t <- table(factor(d$race, c(g, "other")), d$low); x <- suppressWarnings(chisq.test(t, correct = FALSE))
    add(id, "test", g, value = if (any(x$expected < 5)) fisher.test(t)$p.value else x$p.value)
    for (k in c(g, "other")) {
      r <- binom.test(t[k, "1"], sum(t[k, ])); add(id, "rate", k, g, value = r$estimate)
      add(id, "rate_low", k, g, value = r$conf.int[1]); add(id, "rate_high", k, g, value = r$conf.int[2])
    }
  }
}
for (g in c("white", "black")) {
  d <- b[b$race %in% c(g, "other"), ]; d$race <- factor(d$race, c(g, "other")); d$low <- factor(d$low, c(1, 0))
  r <- mantelhaen.test(table(d$race, d$low, d$smoke), correct = FALSE)
  add("pooled", "odds_ratio", g, value = r$estimate); add("pooled", "conf_low", g, value = r$conf.int[1])
  add("pooled", "conf_high", g, value = r$conf.int[2]); add("pooled", "p", g, value = r$p.value)
}
g2 <- function(f) glm(f, binomial, b, control = glm.control(1e-14, 200))
add("pooled", "interaction", value = lr(g2(low ~ race + smoke), g2(low ~ race * smoke)))
logit("adjusted", low ~ race + smoke + age + lwt, b)
two <- b[b$race != "white", ]; two$race <- factor(two$race, c("other", "black"))
for (part in c("all", levels(b$age_25))) {
  d <- if (part == "all") two else two[two$age_25 == part, ]
  f <- glm(low ~ race, binomial, d, control = glm.control(1e-14, 200)); r <- profile_root(model.matrix(f), f$y, 2, f)
  add("forest", "odds_ratio", part, value = exp(coef(f)[2])); add("forest", "conf_low", part, value = exp(r[1]))
  add("forest", "conf_high", part, value = exp(r[2]))
}
f2 <- function(f, data) glm(f, binomial, data, control = glm.control(1e-14, 200))
add("forest", "interaction", value = lr(f2(low ~ race + age_25, two), f2(low ~ race * age_25, two)))
add("levels", "interaction", value = lr(f2(low ~ race + age_25, b), f2(low ~ race * age_25, b)))
for (s in levels(m$sex)) { d <- m[m$sex == s, ]; add("levels", "logrank", s, value = p_of(survdiff(Surv(time, event) ~ spike, d))) }
none <- array(c(0, 4, 12, 9, 0, 6, 15, 11), c(2, 2, 2))  # the first group never has the outcome
# its conditional distribution is that of a sum; uniroot() in mantelhaen.test() stops at 1e-4
r <- mantelhaen.test(none, exact = TRUE)
d <- lapply(1:2, function(k) { a <- none[, , k]; x <- max(0, sum(a[, 1]) - sum(a[2, ])):min(sum(a[1, ]), sum(a[, 1]))
  dhyper(x, sum(a[1, ]), sum(a[2, ]), sum(a[, 1])) })
total <- numeric(length(d[[1]]) + length(d[[2]]) - 1)
for (i in seq_along(d[[1]])) for (j in seq_along(d[[2]])) total[i + j - 1] <- total[i + j - 1] + d[[1]][i] * d[[2]][j]
none_at <- function(or) { p <- total * or^(seq_along(total) - 1); p[1] / sum(p) }  # nobody of the first group
high <- uniroot(function(or) none_at(or) - 0.025, c(1e-6, 1e3), tol = 1e-14)$root
stopifnot(r$estimate == 0, r$conf.int[1] == 0, all.equal(high, r$conf.int[2], tolerance = 1e-3, check.attributes = FALSE))
add("exact", "odds_ratio", value = 0); add("exact", "conf_low", value = 0); add("exact", "conf_high", value = high)

write.csv(do.call(rbind, out$rows), "golden_comparisons.csv", row.names = FALSE, quote = FALSE)
info <- capture.output(sessionInfo())
writeLines(info[!grepl("^(BLAS|LAPACK|<environment)", info)], "golden_comparisons.sessionInfo.txt")
