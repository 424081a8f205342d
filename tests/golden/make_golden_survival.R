# Golden values for time to event beyond the basic: delayed entry, case weights, strata, start-stop data,
# clusters, differences between groups, weighted log-rank tests, inverse probability weighting. On data
# sets of R's survival package. Run in this folder: Rscript make_golden_survival.R
# Reads lung.csv, veteran.csv, heart.csv and mgus2.csv of the other two scripts; writes kidney.csv, jasa.csv,
# gbsg.csv (the data as analysed), golden_survival.csv (one value a row, 15 significant digits, empty = NA;
# the parts of a quantity are separated by |) and golden_survival.sessionInfo.txt.
# By hand, for want of a function in survival: the Wald contrasts of groups (from survfit's standard errors),
# the Gehan, Tarone-Ware and gamma > 0 weightings, the trend of the log-rank test, and the log-rank test with
# delayed entry, which survdiff refuses; where ties are few the score test of coxph with the exact likelihood
# witnesses it, too.
library(survival)
options(digits = 15, stringsAsFactors = FALSE)
TIGHT <- coxph.control(eps = 1e-11, iter.max = 100)
TYPES <- c("log-log", "log", "plain")
Z <- qnorm(.975)
out <- new.env(); out$rows <- list()
add <- function(id, ..., value) {
  value <- as.numeric(value); stopifnot(length(value) == 1)
  text <- if (is.na(value)) "" else sprintf("%.15g", value)
  out$rows[[length(out$rows) + 1]] <- data.frame(id = id, quantity = paste(..., sep = "|"), value = text)
}
chi <- function(id, stat, df, ...) {
  add(id, "chi2", ..., value = stat); add(id, "df", ..., value = df)
  add(id, "p_value", ..., value = pchisq(as.numeric(stat), df, lower.tail = FALSE))
}

# ---- data ---------------------------------------------------------------------------------------------
lung <- read.csv("lung.csv"); lung$sex <- factor(lung$sex, c("male", "female")); lung$ecog <- factor(lung$ecog)
vet <- read.csv("veteran.csv"); vet$trt <- factor(vet$trt, c("standard", "test"))
vet$celltype <- factor(vet$celltype, c("squamous", "smallcell", "adeno", "large"))
vet$w <- 0.5 + vet$age %% 4 / 2  # any weights
heart <- read.csv("heart.csv")
m <- read.csv("mgus2.csv"); m <- m[m$age >= 60, ]; m$event <- m$cause > 0
m$from <- m$age; m$to <- m$age + m$time / 12  # time is age: delayed entry, ties up to rounding errors
m$sex <- factor(m$sex, c("F", "M")); m$spike <- factor(m$spike, c("low", "middle", "high"))
kidney <- survival::kidney
kidney$sex <- factor(kidney$sex, 1:2, c("male", "female"))
kidney$disease <- factor(kidney$disease, c("Other", "GN", "AN", "PKD"))
kidney <- kidney[c("id", "time", "status", "age", "sex", "disease")]
write.csv(kidney, "kidney.csv", row.names = FALSE, quote = FALSE)
jasa <- survival::jasa; jasa$id <- seq_len(nrow(jasa))
jasa$futime <- pmax(0.5, jasa$futime)
jasa$wait <- ifelse(jasa$wait.time == jasa$futime, jasa$wait.time - 0.5, jasa$wait.time)
jasa$age <- round(jasa$age, 3); jasa$surgery <- factor(jasa$surgery, 0:1, c("no", "yes"))
jasa <- jasa[c("id", "futime", "fustat", "wait", "age", "surgery")]
write.csv(jasa, "jasa.csv", row.names = FALSE, quote = FALSE, na = "")
ss <- tmerge(jasa, jasa, id = id, death = event(futime, fustat), transplant = tdc(wait))
gbsg <- survival::gbsg
for (v in c("meno", "hormon")) gbsg[[v]] <- factor(gbsg[[v]], 0:1, c("no", "yes"))
gbsg$grade <- factor(gbsg$grade, 1:3, c("I", "II", "III"))
gbsg <- gbsg[c("rfstime", "status", "hormon", "age", "meno", "size", "grade", "nodes", "pgr", "er")]
write.csv(gbsg, "gbsg.csv", row.names = FALSE, quote = FALSE)

# ---- Kaplan-Meier with delayed entry ------------------------------------------------------------------
points <- function(id, fit, type, group, times) {
  s <- summary(fit, times = times, extend = TRUE)
  for (i in seq_along(times)) {
    add(id, "survival", type, group, times[i], value = s$surv[i])
    add(id, "conf_low", type, group, times[i], value = s$lower[i])
    add(id, "conf_high", type, group, times[i], value = s$upper[i])
  }
  q <- quantile(fit, probs = 0.5)
  add(id, "median", type, group, value = q$quantile); add(id, "median_low", type, group, value = q$lower)
  add(id, "median_high", type, group, value = q$upper)
}
for (g in levels(m$sex)) for (type in TYPES) {
  f <- survfit(Surv(from, to, event) ~ 1, m[m$sex == g, ], conf.type = type)
  points("km.entry.mgus2", f, type, g, c(65, 70, 75, 80, 85, 90))
}
for (g in 0:1) for (type in TYPES) {
  f <- survfit(Surv(start, stop, event) ~ 1, heart[heart$transplant == g, ], conf.type = type)
  points("km.entry.heart", f, type, g, c(10, 30, 90, 180, 365))
}
for (g in levels(vet$celltype)) for (type in TYPES) {  # case weights
  f <- survfit(Surv(time, event) ~ 1, vet[vet$celltype == g, ], weights = w, robust = TRUE, conf.type = type)
  points("km.weights.veteran", f, type, g, c(30, 90, 150))
}

# ---- contrasts of groups: survival at landmarks, restricted mean ----------------------------------------
contrast <- function(id, name, a, b, ..., log = FALSE) {
  v <- if (log) log(a[1] / b[1]) else a[1] - b[1]
  e <- if (log) sqrt((a[2] / a[1])^2 + (b[2] / b[1])^2) else sqrt(a[2]^2 + b[2]^2)
  back <- if (log) exp else identity
  add(id, name, "value", ..., value = back(v)); add(id, name, "conf_low", ..., value = back(v - Z * e))
  add(id, name, "conf_high", ..., value = back(v + Z * e)); add(id, name, "p", ..., value = 2 * pnorm(-abs(v / e)))
}
contrasts_of <- function(id, fits, landmarks, tau) {
  base <- names(fits)[1]; means <- list()
  for (g in names(fits)) {
    t <- summary(fits[[g]], rmean = tau)$table; v <- t["rmean"]; e <- t["se(rmean)"]; means[[g]] <- unname(c(v, e))
    add(id, "rmst", "value", g, value = v); add(id, "rmst", "conf_low", g, value = v - Z * e)
    add(id, "rmst", "conf_high", g, value = v + Z * e)
  }
  for (g in names(fits)[-1]) {
    for (time in landmarks) {
      at <- lapply(fits[c(g, base)], function(f) { s <- summary(f, times = time); c(s$surv, s$std.err) })
      contrast(id, "survival_difference", at[[1]], at[[2]], g, time)
    }
    contrast(id, "rmst_difference", means[[g]], means[[base]], g)
    contrast(id, "rmst_ratio", means[[g]], means[[base]], g, log = TRUE)
    lost <- lapply(means[c(g, base)], function(x) c(tau - x[1], x[2]))
    contrast(id, "rmtl_ratio", lost[[1]], lost[[2]], g, log = TRUE)
  }
}
fits <- lapply(split(vet, vet$celltype), function(d) survfit(Surv(time, event) ~ 1, d))
contrasts_of("contrasts.veteran", fits, c(30, 90, 150), 150)
fits <- lapply(split(lung, lung$sex), function(d) survfit(Surv(time, event) ~ 1, d))
contrasts_of("contrasts.lung", fits, c(180, 365, 700), 883)  # the horizon is a death
fits <- lapply(split(heart, heart$transplant), function(d) survfit(Surv(start, stop, event) ~ 1, d))
contrasts_of("contrasts.heart", fits, c(30, 90, 365), 365)
for (g in c("smallcell", "adeno")) {  # weighted
  at <- lapply(c(g, "squamous"), function(name) {
    f <- survfit(Surv(time, event) ~ 1, vet[vet$celltype == name, ], weights = w, robust = TRUE)
    s <- summary(f, times = 90); c(s$surv, s$std.err)
  })
  contrast("contrasts.weights.veteran", "survival_difference", at[[1]], at[[2]], g, 90)
}

# ---- log-rank -----------------------------------------------------------------------------------------
lr <- function(id, formula, data, rho = 0) {
  s <- survdiff(formula, data, rho = rho); chi(id, s$chisq, length(s$n) - 1)
}
lr("logrank.strata.lung", Surv(time, event) ~ sex + strata(ecog), lung[!is.na(lung$ecog), ])
lr("logrank.strata.veteran", Surv(time, event) ~ trt + strata(celltype, prior), vet)
lr("logrank.strata.gbsg", Surv(rfstime, status) ~ hormon + strata(meno, grade), gbsg)
lr("logrank.peto.veteran", Surv(time, event) ~ celltype, vet, 1)
lr("logrank.peto.strata", Surv(time, event) ~ trt + strata(celltype), vet, 1)
lr("logrank.peto.lung", Surv(time, event) ~ sex, lung, 1)
lr("logrank.fh_half_0.veteran", Surv(time, event) ~ celltype, vet, 0.5)
# weight: function of the number at risk and of the pooled survival just before, within each stratum
by_hand <- function(time, event, group, stratum, weight, entry = -1 + 0 * time) {
  group <- factor(group); k <- nlevels(group); U <- numeric(k); V <- matrix(0, k, k)
  for (s in unique(stratum)) {
    here <- stratum == s; S <- 1
    for (t in sort(unique(time[here & event]))) {
      n_g <- as.vector(table(group[here & time >= t & entry < t])); d_g <- as.vector(table(group[here & time == t & event]))
      n <- sum(n_g); d <- sum(d_g); w <- weight(n, S); U <- U + w * (d_g - d * n_g / n)
      if (n > 1) V <- V + w^2 * d * (n - d) / (n - 1) * (diag(n_g / n) - outer(n_g / n, n_g / n))
      S <- S * (1 - d / n)
    }
  }
  list(chisq = drop(U[-k] %*% solve(V[-k, -k], U[-k])), df = k - 1, obs = U, exp = 0, var = V)
}
weights <- list(gehan = function(n, S) n, tarone_ware = function(n, S) sqrt(n), fh_0_1 = function(n, S) 1 - S,
                fh_1_1 = function(n, S) S * (1 - S), fh_1_0 = function(n, S) S)
for (name in names(weights)) {
  b <- by_hand(vet$time, vet$event, vet$celltype, rep(1, nrow(vet)), weights[[name]])
  chi(paste0("logrank.", name, ".veteran"), b$chisq, b$df)
  b <- by_hand(vet$time, vet$event, vet$trt, vet$celltype, weights[[name]])
  chi(paste0("logrank.", name, ".strata"), b$chisq, b$df)
}
check <- by_hand(vet$time, vet$event, vet$trt, vet$celltype, weights$fh_1_0)$chisq  # the sums are survdiff's
stopifnot(all.equal(check, survdiff(Surv(time, event) ~ trt + strata(celltype), vet, rho = 1)$chisq))
exact <- function(id, formula, data) {
  f <- coxph(formula, data, ties = "exact", control = TIGHT); chi(id, f$score, length(coef(f)))
}
exact("logrank.entry.heart", Surv(start, stop, event) ~ transplant, heart)
one <- function(n, S) 1
b <- by_hand(heart$stop, heart$event == 1, heart$transplant, rep(1, nrow(heart)), one, heart$start)
chi("logrank.entry.heart_by_hand", b$chisq, b$df)
months <- function(age) round(12 * age)
b <- by_hand(months(m$to), m$event, m$spike, rep(1, nrow(m)), one, months(m$from))
chi("logrank.entry.mgus2", b$chisq, b$df)
b <- by_hand(months(m$to), m$event, m$spike, m$sex, one, months(m$from))
chi("logrank.entry.strata.mgus2", b$chisq, b$df)
exact("logrank.exact.veteran", Surv(time, event) ~ celltype, vet)
exact("trend.exact.gbsg", Surv(rfstime, status) ~ as.integer(grade), gbsg)
trend <- function(id, s, scores) {
  o <- s$obs; e <- s$exp; if (is.matrix(o)) { o <- rowSums(o); e <- rowSums(e) }
  chi(id, sum(scores * (o - e))^2 / drop(scores %*% s$var %*% scores), 1)
}
trend("trend.gbsg", survdiff(Surv(rfstime, status) ~ grade, gbsg), 1:3)
trend("trend.scores.gbsg", survdiff(Surv(rfstime, status) ~ grade, gbsg), c(0, 1, 5))
trend("trend.entry.strata.mgus2", b, 1:3)
trend("trend.strata.gbsg", survdiff(Surv(rfstime, status) ~ grade + strata(meno), gbsg), 1:3)
pairwise <- function(id, stratified, rho) {
  pairs <- combn(levels(vet$celltype), 2, simplify = FALSE)
  p <- sapply(pairs, function(q) {
    d <- vet[vet$celltype %in% q, ]; d$celltype <- factor(d$celltype)
    s <- if (stratified) survdiff(Surv(time, event) ~ celltype + strata(trt), d, rho = rho)
         else survdiff(Surv(time, event) ~ celltype, d, rho = rho)
    add(id, "chi2", paste(q, collapse = " vs "), value = s$chisq); pchisq(s$chisq, 1, lower.tail = FALSE)
  })
  for (i in seq_along(pairs)) {
    add(id, "p_value", paste(pairs[[i]], collapse = " vs "), value = p[i])
    for (how in c("holm", "hochberg", "hommel", "bonferroni", "BH", "BY"))
      add(id, how, paste(pairs[[i]], collapse = " vs "), value = p.adjust(p, how)[i])
  }
}
pairwise("pairwise.veteran", FALSE, 0); pairwise("pairwise.strata", TRUE, 0); pairwise("pairwise.peto", FALSE, 1)

# ---- Cox ----------------------------------------------------------------------------------------------
cx <- function(id, f, zph = TRUE) {
  s <- summary(f)$coefficients; ci <- confint(f); use <- if (is.null(f$naive.var)) f$var else f$naive.var
  for (i in seq_along(coef(f))) {
    v <- names(coef(f))[i]; add(id, "hazard_ratio", v, value = exp(coef(f)[i]))
    add(id, "conf_low", v, value = exp(ci[i, 1])); add(id, "conf_high", v, value = exp(ci[i, 2]))
    add(id, "p_value", v, value = s[i, "Pr(>|z|)"])
    add(id, "se", v, value = sqrt(f$var[i, i])); add(id, "naive_se", v, value = sqrt(use[i, i]))
  }
  add(id, "n", value = f$n); add(id, "nevent", value = f$nevent)
  add(id, "loglik", value = f$loglik[2]); add(id, "loglik_null", value = f$loglik[1])
  add(id, "p_likelihood_ratio", value = pchisq(2 * diff(f$loglik), length(coef(f)), lower.tail = FALSE))
  k <- concordance(f)
  add(id, "concordance", value = k$concordance); add(id, "concordance_se", value = sqrt(k$var))
  stopifnot(all.equal(unname(f$concordance[c("concordance", "std")]), unname(c(k$concordance, sqrt(k$var)))))
  if (zph) { z <- cox.zph(f)$table; for (v in rownames(z)) for (k in colnames(z)) add(id, paste0("zph_", k), v, value = z[v, k]) }
}
lrt <- function(id, name, a, b) {
  df <- length(coef(b)) - length(coef(a)); chi(id, 2 * (b$loglik[2] - a$loglik[2]), df, name)
}
cx("cox.breslow.veteran", coxph(Surv(time, event) ~ trt + celltype + karno + age, vet, ties = "breslow", control = TIGHT))
cx("cox.breslow.month", coxph(Surv(month, event) ~ trt + celltype + karno, vet, ties = "breslow", control = TIGHT))
cx("cox.strata.veteran", coxph(Surv(time, event) ~ trt + karno + age + strata(celltype), vet, control = TIGHT))
cx("cox.strata.month", coxph(Surv(month, event) ~ trt + karno + strata(celltype, prior), vet, control = TIGHT))
cx("cox.strata.lung", coxph(Surv(time, event) ~ sex + age + wt.loss + strata(ecog), lung, control = TIGHT))
cx("cox.strata.gbsg", coxph(Surv(rfstime, status) ~ hormon + age + size + nodes + strata(meno, grade), gbsg, control = TIGHT))
cx("cox.entry.heart", coxph(Surv(start, stop, event) ~ transplant, heart, control = TIGHT))
cx("cox.entry.mgus2", coxph(Surv(from, to, event) ~ sex + spike, m, control = TIGHT))
cx("cox.entry.breslow", coxph(Surv(from, to, event) ~ sex + spike, m, ties = "breslow", control = TIGHT))
cx("cox.entry.strata", coxph(Surv(from, to, event) ~ spike + mspike + strata(sex), m, control = TIGHT))
cx("cox.split.jasa", coxph(Surv(tstart, tstop, death) ~ transplant + age + surgery, ss, control = TIGHT))
cx("cox.split.cluster", coxph(Surv(tstart, tstop, death) ~ transplant + age + surgery, ss, cluster = id, control = TIGHT))
cx("cox.split.interaction", coxph(Surv(tstart, tstop, death) ~ transplant + surgery + transplant:surgery, ss, control = TIGHT))
cx("cox.weights.veteran", coxph(Surv(time, event) ~ trt + celltype + karno, vet, weights = w, robust = TRUE, control = TIGHT))
cx("cox.weights.breslow", coxph(Surv(month, event) ~ trt + karno, vet, weights = w, robust = TRUE, ties = "breslow", control = TIGHT))
cx("cox.weights.month", coxph(Surv(month, event) ~ trt + karno, vet, weights = w, robust = TRUE, control = TIGHT))
cx("cox.weights.strata", coxph(Surv(month, event) ~ trt + karno + strata(celltype), vet, weights = w, robust = TRUE, control = TIGHT))
cx("cox.robust.veteran", coxph(Surv(time, event) ~ trt + celltype + karno, vet, robust = TRUE, control = TIGHT))
cx("cox.cluster.kidney", coxph(Surv(time, status) ~ age + sex + disease, kidney, cluster = id, control = TIGHT))
cx("cox.cluster.strata", coxph(Surv(time, status) ~ age + sex + strata(disease), kidney, cluster = id, control = TIGHT))
cx("cox.cluster.breslow", coxph(Surv(time, status) ~ age + sex + disease, kidney, cluster = id, ties = "breslow", control = TIGHT))
cx("cox.interaction.veteran", coxph(Surv(time, event) ~ trt + celltype + karno + trt:celltype + trt:karno, vet, control = TIGHT))
full <- coxph(Surv(time, event) ~ trt + celltype + karno + trt:celltype + trt:karno, vet, control = TIGHT)
lrt("cox.interaction.veteran", "trt:celltype", coxph(Surv(time, event) ~ trt + celltype + karno + trt:karno, vet, control = TIGHT), full)
lrt("cox.interaction.veteran", "trt:karno", coxph(Surv(time, event) ~ trt + celltype + karno + trt:celltype, vet, control = TIGHT), full)
lrt("cox.split.interaction", "transplant:surgery", coxph(Surv(tstart, tstop, death) ~ transplant + surgery, ss, control = TIGHT),
    coxph(Surv(tstart, tstop, death) ~ transplant * surgery, ss, control = TIGHT))
# from a landmark at 30 days: those still followed, by transplanted until then or not
land <- jasa[jasa$futime > 30, ]; land$futime <- land$futime - 30
land$early <- factor(!is.na(land$wait) & land$wait <= 30, c(FALSE, TRUE), c("no", "yes"))
cx("cox.landmark.jasa", coxph(Surv(futime, fustat) ~ early + age, land, control = TIGHT))
lr("logrank.landmark.jasa", Surv(futime, fustat) ~ early, land)

# ---- inverse probability of treatment weighting: hormonal therapy in gbsg ----------------------------------
ps <- fitted(glm(hormon ~ age + meno + size + grade + nodes + pgr + er, binomial, gbsg, control = glm.control(1e-14, 100)))
own <- gbsg$hormon == "yes"; mine <- ifelse(own, ps, 1 - ps)
kinds <- list(ate = ifelse(own, mean(own), mean(!own)) / mine, ate_raw = 1 / mine, att = ifelse(own, 1, ps / (1 - ps)), overlap = 1 - mine)
for (name in names(kinds)) {
  gbsg$w <- kinds[[name]]; id <- paste0("iptw.", name)
  for (g in levels(gbsg$hormon)) {
    w <- gbsg$w[gbsg$hormon == g]
    add(id, "weight_sum", g, value = sum(w)); add(id, "weight_min", g, value = min(w)); add(id, "weight_max", g, value = max(w))
    add(id, "effective_n", g, value = sum(w)^2 / sum(w^2))
    for (type in TYPES) {
      f <- survfit(Surv(rfstime, status) ~ 1, gbsg[gbsg$hormon == g, ], weights = w, robust = TRUE, conf.type = type)
      points(id, f, type, g, c(365, 730, 1825))
    }
  }
  cx(id, coxph(Surv(rfstime, status) ~ hormon, gbsg, weights = w, robust = TRUE, control = TIGHT))
}

write.csv(do.call(rbind, out$rows), "golden_survival.csv", row.names = FALSE, quote = FALSE)
info <- capture.output(sessionInfo())
writeLines(info[!grepl("^(BLAS|LAPACK|<environment)", info)], "golden_survival.sessionInfo.txt")
