# Golden values for the statistics of biomarkers, on data sets of this folder that come with R's
# recommended packages. Run in this folder: Rscript biomarkers.R
# Reads veteran.csv, gbsg.csv, birthwt.csv and biomarkers_draws.csv (places of bootstrap samples, one a
# row, counted from 0 in the order of Karnofsky score, time and event). Writes biomarkers.csv (one value a
# row, 15 significant digits, empty = NA) and biomarkers.sessionInfo.txt.
library(survival)
suppressMessages(library(Hmisc))
library(maxstat)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
rows <- list()
add <- function(case, statistic, value, level = "") {
  value <- as.numeric(value)
  text <- ifelse(is.na(value), "", sprintf("%.15g", value))
  rows[[length(rows) + 1]] <<- data.frame(case = case, level = as.character(level), statistic = statistic, value = text)
}
truth <- function(x) x %in% c("True", "TRUE", TRUE, 1)

# ---- restricted cubic splines: knots, basis, tests, curve against the median -----------------------
knots_of <- function(x, nk) rcspline.eval(x, nk = nk, knots.only = TRUE, fractied = 0)
curve <- function(case, beta, V, x, k, at) {
  ref <- median(x)
  step <- rcspline.eval(at, knots = k, inclx = TRUE) -
    matrix(rcspline.eval(c(ref, ref), knots = k, inclx = TRUE)[1, ], length(at), length(k) - 1, byrow = TRUE)
  f <- step %*% beta; se <- sqrt(rowSums((step %*% V) * step)); z <- qnorm(.975)
  add(case, "reference", ref)
  add(case, "ratio", exp(f), at); add(case, "conf_low", exp(f - z * se), at); add(case, "conf_high", exp(f + z * se), at)
}
spline <- function(case, d, x, nk, at, others) {
  k <- knots_of(x, nk)
  add(case, "knot", k, seq_along(k))
  B <- rcspline.eval(x, knots = k, inclx = TRUE)
  for (j in seq_len(ncol(B))) add(case, paste0("basis", j), B[1:5, j], 1:5)
  own <- 1:ncol(B)
  fit <- function(cols) coxph(d$S ~ cbind(cols, others), ties = "efron", control = TIGHT)
  full <- fit(B); line <- fit(B[, 1]); null <- if (is.null(others)) full$loglik[1] else
    coxph(d$S ~ others, ties = "efron", control = TIGHT)$loglik[2]
  last <- function(f) tail(f$loglik, 1)
  add(case, "p_value", pchisq(2 * (last(full) - null), ncol(B), lower.tail = FALSE))
  add(case, "p_nonlinear", pchisq(2 * (last(full) - last(line)), ncol(B) - 1, lower.tail = FALSE))
  curve(case, coef(full)[own], vcov(full)[own, own], x, k, at)
}
v <- read.csv("veteran.csv")
v$event <- truth(v$event); v$S <- Surv(v$time, v$event)
v <- v[order(v$karno, v$time, v$event), ]
spline("veteran.age4", v, v$age, 4, c(40, 50, 60, 70), NULL)
spline("veteran.age3.adjusted", v, v$age, 3, c(40, 60, 70), cbind(test = v$trt == "test", karno = v$karno))
small <- v[seq(1, nrow(v), by = 2), ]   # fewer than 100: outer knots are the fifth from each end
spline("veteran.small", small, small$age, 4, c(45, 65), NULL)
b <- read.csv("birthwt.csv"); b$low <- truth(b$low); b$smoke <- b$smoke == "yes"
k <- knots_of(b$lwt, 4)
add("birthwt.lwt4", "knot", k, seq_along(k))
B <- rcspline.eval(b$lwt, knots = k, inclx = TRUE)
g <- function(...) glm(b$low ~ cbind(...), family = binomial, control = glm.control(epsilon = 1e-14, maxit = 100))
full <- g(B, smoke = b$smoke); line <- g(B[, 1], smoke = b$smoke); null <- g(smoke = b$smoke)
lr <- function(a, c, df) pchisq(deviance(a) - deviance(c), df, lower.tail = FALSE)
add("birthwt.lwt4", "p_value", lr(null, full, 3)); add("birthwt.lwt4", "p_nonlinear", lr(line, full, 2))
curve("birthwt.lwt4", coef(full)[2:4], vcov(full)[2:4, 2:4], b$lwt, k, c(100, 130, 180))

# ---- maximally selected log-rank statistics ---------------------------------------------------------
# without ties in time, by the scores of maxstat itself
u <- v[!duplicated(v$time), ]
add("maxstat.untied", "n", nrow(u))
for (x in c("age", "karno")) {
  m <- maxstat.test(Surv(time, event) ~ x, data.frame(u, x = u[[x]]), smethod = "LogRank", pmethod = "Lau92")
  add("maxstat.untied", "cut", m$estimate, x); add("maxstat.untied", "statistic", m$statistic, x)
  add("maxstat.untied", "p_lausen_schumacher", m$p.value, x); add("maxstat.untied", "candidates", length(m$cuts), x)
  set.seed(1)
  mc <- maxstat.test(Surv(time, event) ~ x, data.frame(u, x = u[[x]]), smethod = "LogRank", pmethod = "condMC", B = 99999)
  add("maxstat.untied", "p_permutation", mc$p.value, x)
}
# with ties, by the residuals of the model without covariates (its hazard is Nelson and Aalen's)
null <- coxph(S ~ 1, v, ties = "breslow")
score <- residuals(null, "martingale")
add("maxstat.tied", "score", score[1:20], 1:20)
for (x in c("age", "karno")) {
  m <- maxstat(as.numeric(score), v[[x]], smethod = "Data", pmethod = "Lau92")
  add("maxstat.tied", "cut", m$estimate, x); add("maxstat.tied", "statistic", m$statistic, x)
  add("maxstat.tied", "p_lausen_schumacher", m$p.value, x); add("maxstat.tied", "candidates", length(m$cuts), x)
  above <- v[[x]] > m$estimate
  f <- coxph(S ~ above, v, ties = "efron", control = TIGHT)
  add("maxstat.tied", "hazard_ratio_apparent", exp(coef(f)), x)
  add("maxstat.tied", "conf_low", exp(confint(f))[1], x); add("maxstat.tied", "conf_high", exp(confint(f))[2], x)
  d <- survdiff(S ~ above, v); add("maxstat.tied", "p_apparent", pchisq(d$chisq, 1, lower.tail = FALSE), x)
}
for (s in c(0.5, 1.5, 2, 2.8, 3.5, 5)) add("lausen", "p", pLausen92(s), s)

# ---- the effect of chosen cut-offs in the patients left out of bootstrap samples ---------------------
draws <- as.matrix(read.csv("biomarkers_draws.csv", header = FALSE)) + 1
found <- t(apply(draws, 1, function(i) {
  boot <- v[i, ]
  y <- residuals(coxph(S ~ 1, boot, ties = "breslow"), "martingale")
  m <- maxstat(as.numeric(y), boot$karno, smethod = "Data")
  out <- v[-unique(i), ]
  low <- mean(y[boot$karno <= m$estimate]); high <- mean(y[boot$karno > m$estimate])
  c(m$estimate, sign(high - low) * coef(coxph(S ~ I(karno > m$estimate), out, ties = "efron", control = TIGHT)))
}))
add("optimism", "log_ratio", mean(found[, 2]))
add("optimism", "cut", found[, 1], seq_len(nrow(found)))

# ---- markers one by one: per standard deviation, Holm, Benjamini and Hochberg ------------------------
d <- read.csv("gbsg.csv")
d$S <- Surv(d$rfstime, d$status == 1); d$pgr <- log2(d$pgr + 1)
per_sd <- function(x) x / sd(x, na.rm = TRUE)
p <- c()
for (x in c("age", "size", "pgr")) for (adjusted in c(FALSE, TRUE)) {
  f <- if (adjusted) coxph(d$S ~ per_sd(d[[x]]) + d$nodes, ties = "efron", control = TIGHT) else
    coxph(d$S ~ per_sd(d[[x]]), ties = "efron", control = TIGHT)
  case <- if (adjusted) "per_sd.adjusted" else "per_sd"
  f <- summary(f)
  add(case, "hazard_ratio", f$conf.int[1, 1], x)
  add(case, "conf_low", f$conf.int[1, 3], x); add(case, "conf_high", f$conf.int[1, 4], x)
  add(case, "p_value", f$coefficients[1, 5], x)
  if (!adjusted) p[x] <- f$coefficients[1, 5]
}
add("per_sd", "p_holm", p.adjust(p, "holm"), names(p)); add("per_sd", "p_bh", p.adjust(p, "BH"), names(p))
d$level <- cut(d$age, c(-Inf, 45, 60, Inf), right = FALSE)   # a bound belongs to the level above it
f <- summary(coxph(S ~ level, d, ties = "efron", control = TIGHT))
add("cut", "hazard_ratio", f$conf.int[, 1], c("45 to <60", "≥60")); add("cut", "n", table(d$level), c("<45", "45 to <60", "≥60"))
spline("gbsg.pgr4", d, d$pgr, 4, c(0, 3, 6, 9), NULL)
f <- glm(low ~ per_sd(lwt), binomial, b, control = glm.control(epsilon = 1e-14))
add("per_sd", "odds_ratio", exp(coef(f)[2]), "lwt")

# ---- gained and lost: exact McNemar -------------------------------------------------------------------
for (g in list(c(7, 0), c(1, 8), c(3, 3), c(0, 1))) {
  add("mcnemar", "p", binom.test(g[1], sum(g))$p.value, paste(g, collapse = " "))
}

write.csv(do.call(rbind, rows), "biomarkers.csv", row.names = FALSE, quote = FALSE)
writeLines(capture.output(sessionInfo()), "biomarkers.sessionInfo.txt")
